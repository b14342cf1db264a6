package main

import (
	"figlab/internal/lab"

	"github.com/spf13/cobra"
)

// checkCommand proves the oracles.
func checkCommand(verdict *string) *cobra.Command {
	var mutants bool
	var seeds int
	c := &cobra.Command{
		Use:   "check",
		Short: "Check the oracles themselves against seeded bugs",
		Long: `check --mutants judges clean runs and runs with one seeded bug each, and prints which oracle caught which bug.
It exits 1 when a bug survives or a clean run raises an alarm.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !mutants {
				return usage("say what to check: --mutants prints the table of oracles and seeded bugs")
			}
			var err error
			*verdict, err = lab.Mutants(seeds, cmd.OutOrStdout())
			return err
		},
	}
	c.Flags().BoolVar(&mutants, "mutants", false, "print the table of oracles and seeded bugs")
	c.Flags().IntVar(&seeds, "seeds", 20, "clean runs, and runs per bug")
	return c
}
