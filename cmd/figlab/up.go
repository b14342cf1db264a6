package main

import (
	"figlab/internal/lab"

	"github.com/spf13/cobra"
)

// upCommand runs a shop to play with.
func upCommand() *cobra.Command {
	o := lab.UpOptions{}
	c := &cobra.Command{
		Use:   "up",
		Short: "Keep a shop running at a stage; print its URL and a shopper's token",
		Example: `  figlab up --stage 05 --port 8080
  figlab up --stage 14 --replicas ordertaking=2,catalog=2`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return lab.Up(cmd.Context(), o, cmd.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&o.Stage, "stage", "01", "stage of the migration")
	f.IntVar(&o.Port, "port", 0, "port of the shop on loopback (default: a free one)")
	shopFlags(f, &o.Shop)
	return c
}
