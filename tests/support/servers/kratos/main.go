// Command kratos is Ory Kratos. Its own module cannot be built by `go install`, because it replaces modules.
package main

import (
	"os"

	"github.com/ory/kratos/cmd"
)

func main() {
	os.Exit(cmd.Execute())
}
