// Package extension is what k6 is extended by: the module k6/x/figlab, which the script of the load imports, and the output figlab, which
// writes the records to the lab's pipe. Besides cmd/figload it is the only package that imports k6.
//
// k6 is AGPL-3.0. The source of this package is Apache-2.0 as all of figlab; the binary figload, in which both are linked, is as a whole
// under the AGPL-3.0. That, and what k6 takes in memory, is why the lab does not link it but runs figload as a child: see docs/adr/0006.
package extension
