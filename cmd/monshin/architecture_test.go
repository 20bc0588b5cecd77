package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/monshin/monshin/"

// ranks is the house: imports run only to a lower rank. Packages of one rank do not
// know each other, except below the same folder.
var ranks = []string{
	"diagnose/lang", "diagnose/fact", "diagnose/estate", "diagnose/finding", "diagnose/policy", "diagnose/reach", "diagnose/guest",
	"diagnose/probe", "diagnose/typed", "diagnose/runbook", "diagnose/walk", "diagnose/remedy", "diagnose/permission", "diagnose/fleet", "diagnose/cloud", "diagnose/lab",
	"sessions", "tui", "cmd",
}

func rankOf(pkg string) int {
	for i, r := range ranks {
		if pkg == r || strings.HasPrefix(pkg, r+"/") {
			return i
		}
	}
	return -1
}

// sdk may be imported by these only.
var sdkUsers = []string{"diagnose/cloud", "diagnose/lab", "sessions/shell", "cmd"}

func TestImportsRunDownhill(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		own := rankOf(pkg)
		if own < 0 {
			t.Errorf("%s is in no room of the house: give it a rank", pkg)
			return nil
		}
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if strings.HasPrefix(name, "github.com/aws/") && !hasPrefix(pkg, sdkUsers) {
				t.Errorf("%s imports the AWS SDK (%s)", path, name)
			}
			other, ours := strings.CutPrefix(name, module)
			if !ours {
				continue
			}
			switch theirs := rankOf(other); {
			case theirs < 0:
				t.Errorf("%s imports %s, which has no rank", path, other)
			case theirs > own:
				t.Errorf("%s imports %s, which is above it", path, other)
			case strings.HasPrefix(other, "diagnose/lab") && !hasPrefix(pkg, []string{"diagnose/lab", "cmd"}):
				t.Errorf("%s knows of the lab", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("only %d files were looked at", files)
	}
}

func hasPrefix(pkg string, options []string) bool {
	for _, o := range options {
		if pkg == o || strings.HasPrefix(pkg, o+"/") {
			return true
		}
	}
	return false
}
