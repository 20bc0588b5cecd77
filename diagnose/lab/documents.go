package lab

import (
	"embed"
	"fmt"
	"strings"
)

// policyFiles are policy documents: AWS's own at the version that has been the
// default for years (domain.md §3.1 [V:mamip]), and those of the scenarios.
//
//go:embed policies/*.json
var policyFiles embed.FS

// document reads an embedded policy.
func document(name string) string {
	b, err := policyFiles.ReadFile("policies/" + name + ".json")
	if err != nil {
		panic(fmt.Sprintf("lab: no policy document %s", name))
	}
	return strings.TrimSpace(string(b))
}

// trust is the trust policy of a role for one service.
func trust(service string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
}
