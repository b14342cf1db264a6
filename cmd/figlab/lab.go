package main

import (
	"figlab/internal/lab"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// labCommand is the main job.
func labCommand(verdict *string) *cobra.Command {
	o := lab.Options{}
	var quick bool
	c := &cobra.Command{
		Use:   "lab",
		Short: "Walk the stages under load and faults, judge, report",
		Example: `  figlab lab --quick
  figlab lab --quick --stages 00,05 --store postgres
  figlab lab --scenario scenarios/quick.yaml --report none`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if quick && o.Scenario != "" {
				return usage("--quick and --scenario exclude each other: --quick plays scenarios/quick.yaml")
			}
			o.Command = strings.Join(append([]string{"figlab"}, os.Args[1:]...), " ")
			run, err := lab.Run(cmd.Context(), o, cmd.OutOrStdout())
			*verdict = run.Verdict
			return err
		},
	}
	f := c.Flags()
	f.BoolVar(&quick, "quick", false, "the built-in quick lab, under four minutes (the default)")
	f.StringVar(&o.Scenario, "scenario", "", "a scenario file to play instead of the quick lab")
	f.StringSliceVar(&o.Stages, "stages", nil, "stages to walk, in order, e.g. 00,01,05 (default: those of the scenario)")
	f.StringVar(&o.Out, "out", "results", "folder the results go to")
	f.StringVar(&o.Report, "report", "",
		"report to regenerate, or none (default: RESULTS.md of the source tree, when the whole scenario is walked)")
	f.Float64Var(&o.Rate, "rate", 0, "operations per second (default: that of the scenario)")
	shopFlags(f, &o.Shop)
	return c
}
