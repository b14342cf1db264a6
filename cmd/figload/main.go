// Command figload is the load generator: k6 with figlab's extension. The lab runs it as a child process and reads its records from a pipe;
// it is of no use by hand.
//
// Licence: this source is Apache-2.0, as all of figlab. k6, which is linked into the binary, is AGPL-3.0, and so the binary as a whole is
// under the AGPL-3.0: who passes it on must offer the source of all of it. No other binary of figlab links k6.
package main

import (
	"figlab/bench/load/extension"
	"fmt"
	"os"
)

const exitUsage = 2

func main() {
	if len(os.Args) != 2 {
		_, _ = fmt.Fprintln(os.Stderr, "figload: want one argument, the folder of the plan; figlab starts this program")
		os.Exit(exitUsage)
	}
	if err := extension.Run(os.Args[1], os.Stdin); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "figload:", err)
		os.Exit(exitUsage)
	}
}
