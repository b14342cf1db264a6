package main

import (
	"context"
	"errors"
	"figlab/internal/lab"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	verdict := ""
	root := &cobra.Command{
		Use:   "figlab",
		Short: "A laboratory for the way from a monolith to microservices",
		Long: `figlab walks a shop from a monolith to microservices, stage by stage, under load and faults, and measures what each
step costs.

Exit codes: 0 pass, 1 an expectation was missed, 2 wrong usage or settings, 3 inconclusive, 4 the lab itself failed,
5 an oracle found a safety violation, 130 interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %q: figlab --help lists them", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w: %s --help lists the flags", err, cmd.CommandPath())
	})
	root.AddCommand(labCommand(&verdict), upCommand(), checkCommand(&verdict)) //nolint:contextcheck // cobra hands ctx to each
	for _, c := range root.Commands() {
		c.Args = noArguments
	}

	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintln(stderr, "figlab:", err) // there is nobody else to tell
	}
	return lab.ExitCode(verdict, err)
}

func usage(format string, args ...any) error {
	return lab.UsageError{Err: fmt.Errorf(format, args...)}
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no argument, but got %q: %s --help lists its flags", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}
