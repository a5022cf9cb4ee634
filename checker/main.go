// Checker judges the exercises of the wirekata course.
//
//	go tool checker --help
package main

import (
	"os"

	"github.com/wirekata/wirekata"
	"github.com/wirekata/wirekata/checker/internal/cli"
)

func main() { os.Exit(cli.Main(wirekata.Originals, devCommand())) }
