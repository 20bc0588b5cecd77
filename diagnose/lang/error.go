package lang

import (
	"errors"
	"fmt"
	"io/fs"
)

// Error is a failure in the words of every language. Its Error is the English ones.
type Error struct {
	Say Text
	// Err is what came back, nil where there is nothing behind the words.
	Err error
}

func (e *Error) Error() string { return e.Say.En }

// Unwrap returns what came back.
func (e *Error) Unwrap() error { return e.Err }

// Said returns the words.
func (e *Error) Said() Text { return e.Say }

// Said gives an error's words in every language: those of the first error in its
// chain that has them (a method Said), those for the usual failures of files, else
// the error's own text, which is a system's or a service's.
func Said(err error) Text {
	var own interface{ Said() Text }
	if errors.As(err, &own) {
		return own.Said()
	}
	var file *fs.PathError
	if !errors.As(err, &file) {
		return Same(err.Error())
	}
	switch {
	case errors.Is(file.Err, fs.ErrNotExist):
		return Both("there is no file %s", "ファイル %s が存在しない").With(file.Path)
	case errors.Is(file.Err, fs.ErrPermission):
		return Both("no access to the file %s", "ファイル %s へのアクセス権なし").With(file.Path)
	}
	return Both("the file %s: %s", "ファイル %s: %s").With(file.Path, fmt.Sprint(file.Err))
}
