package finding

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamesAreTheCatalogues(t *testing.T) {
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Codes(), Names()); diff != "" {
		t.Error(diff)
	}
}
