package main

import (
	"github.com/spf13/cobra"

	"figlab/internal/lab"
)

// labCommand is the main job.
func labCommand(verdict *string) *cobra.Command {
	o := lab.Options{}
	var quick bool
	c := &cobra.Command{
		Use:   "lab",
		Short: "Walk the stages under load and faults, judge, report",
		Example: `  figlab lab --quick
  figlab lab --quick --stages 00,05 --store postgres`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if quick == (o.Scenario != "") {
				return usage("say which lab: --quick for the built-in one (under four minutes), or --scenario FILE")
			}
			run, err := lab.Run(cmd.Context(), o, cmd.OutOrStdout())
			*verdict = run.Verdict
			return err
		},
	}
	f := c.Flags()
	f.BoolVar(&quick, "quick", false, "the built-in quick lab")
	f.StringVar(&o.Scenario, "scenario", "", "a scenario file to walk instead of the quick lab")
	f.StringSliceVar(&o.Stages, "stages", nil, "stages to walk, in order, e.g. 00,01,05 (default: those of the scenario)")
	f.StringVar(&o.Out, "out", "results", "folder the results go to")
	f.StringVar(&o.Report, "report", "RESULTS.md", "the report to regenerate; empty for none")
	f.Float64Var(&o.Rate, "rate", 0, "requests per second (default: that of the scenario)")
	shopFlags(f, &o.Shop)
	return c
}
