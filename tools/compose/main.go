// Loads a compose file as `docker compose config --format json` does: schema, interpolation and
// consistency are checked, and the project is printed with everything filled in.
//
//	compose-config FILE [ENV-FILE]
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: compose-config FILE [ENV-FILE]")
	}
	options, err := cli.NewProjectOptions(args[:1],
		cli.WithEnvFiles(args[1:]...),
		cli.WithDotEnv,
		cli.WithProfiles([]string{"*"}),
	)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	text, err := project.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(text, '\n'))
	return err
}
