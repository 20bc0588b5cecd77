package lang_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/monshin/monshin/diagnose/lang"
)

func TestSaid(t *testing.T) {
	own := &lang.Error{Say: lang.Both("cut", "途切れ"), Err: errors.New("inner")}
	file := func(err error) error { return &fs.PathError{Op: "open", Path: "x", Err: err} }
	tests := []struct {
		name string
		err  error
		want lang.Text
	}{
		{"words of its own", own, lang.Both("cut", "途切れ")},
		{"wrapped", fmt.Errorf("reading: %w", own), lang.Both("cut", "途切れ")},
		{"a missing file", fmt.Errorf("reading: %w", file(fs.ErrNotExist)), lang.Both("there is no file x", "ファイル x が存在しない")},
		{"a forbidden file", file(fs.ErrPermission), lang.Both("no access to the file x", "ファイル x へのアクセス権なし")},
		{"another failure of a file", file(errors.New("is a directory")), lang.Both("the file x: is a directory", "ファイル x: is a directory")},
		{"a system's own words", errors.New("boom"), lang.Same("boom")},
	}
	for _, tt := range tests {
		if got := lang.Said(tt.err); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	if own.Error() != "cut" || errors.Unwrap(own).Error() != "inner" {
		t.Errorf("%v", own)
	}
}
