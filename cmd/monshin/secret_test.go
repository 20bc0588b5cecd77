package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"github.com/monshin/monshin/diagnose/cloud"
	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/journal"
)

// secrets by what must not be left of them.
func secrets() map[string]string {
	return map[string]string{
		"Kaki-Kukeko-1": "<Password>Kaki-Kukeko-1</Password>",
		"Kaki-Kukeko-2": "password=Kaki-Kukeko-2",
		"Kaki-Kukeko-3": `{"adminPassword": "Kaki-Kukeko-3"}`,
		"Kaki-Kukeko-4": "net user admin Kaki-Kukeko-4 /add",
		"Kaki-Kukeko-5": "aws_session_token=Kaki-Kukeko-5",
		"Kaki-Kukeko-6": "https://b.s3.amazonaws.com/k?X-Amz-Date=1&X-Amz-Signature=Kaki-Kukeko-6",
		"AKIAQ3EGZZZZQ": "AKIAQ3EGZZZZQ3EGZZZZ",
		"eyJhbGciOiJIU": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
		"W269N-WFGWX":   "W269N-WFGWX-YVC9B-4J6C9-T83GX",
		"Kaki-Kukeko-7": "Authorization: Basic Kaki-Kukeko-7",
	}
}

// freely are the fields in which people, scripts and services write sentences.
var freely = regexp.MustCompile(`^(Description|Message|StatusMessage|FailureMessage|ErrorMessage|Comment|StatusDetails|StandardOutputContent|StandardErrorContent|Output|Tag.Value)$`)

// plant writes behind every sentence in an answer of the SDK.
func plant(v reflect.Value, field, secret string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if s, ok := v.Interface().(*string); ok && v.CanSet() {
			switch {
			case freely.MatchString(field):
				v.Set(reflect.ValueOf(aws.String(*s + " " + secret)))
			case field == "CloudTrailEvent":
				v.Set(reflect.ValueOf(aws.String(plantEvent(*s, secret))))
			}
			return
		}
		plant(v.Elem(), field, secret)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				name := f.Name
				if name == "Value" { // of an attribute, unless it is a tag's
					name = v.Type().Name() + "." + name
				}
				plant(v.Field(i), name, secret)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			plant(v.Index(i), field, secret)
		}
	}
}

// plantEvent writes into every string of an event that is not an id, and adds
// parameters of its own.
func plantEvent(event, secret string) string {
	var root map[string]any
	if json.Unmarshal([]byte(event), &root) != nil {
		return event
	}
	var into func(v any) any
	into = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				if s, ok := v[k].(string); ok && regexp.MustCompile(`(?i)^(value|description|errorMessage|userAgent|message)$`).MatchString(k) {
					v[k] = s + " " + secret
					continue
				}
				v[k] = into(v[k])
			}
		case []any:
			for i := range v {
				v[i] = into(v[i])
			}
		}
		return v
	}
	into(root)
	root["errorMessage"], root["userAgent"] = secret, secret
	if parameters, ok := root["requestParameters"].(map[string]any); ok {
		parameters["userData"], parameters["parameters"] = secret, map[string]any{"commands": []any{secret}}
	}
	b, _ := json.Marshal(root)
	return string(b)
}

// No secret that stands in what AWS answers is kept or shown.
func TestSecretsAreNeitherKeptNorShown(t *testing.T) {
	k, err := learn()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range lab.Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			secret := strings.Join(slices.Sorted(maps.Values(secrets())), "\n")
			l, err := lab.Open(s.Name, lab.Options{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			cfg, planted := l.Config(), false
			cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
				return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Plant",
					func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
						out, md, err := next.HandleInitialize(ctx, in)
						if out.Result != nil {
							plant(reflect.ValueOf(out.Result), "", secret)
						}
						return out, md, err
					}), middleware.Before)
			})
			src := cloud.New(cfg, cloud.Options{Target: estate.Target{Region: s.Region}, Name: l.Source(), Now: l.Now, NoSlowdown: true})
			o := optionsFor(t, k, s, src)
			dir := t.TempDir()
			w, err := journal.Create(dir, "j.jsonl", time.Now, journal.Opening{Target: o.Estate.Target, Symptom: string(s.Symptom), AsOf: s.Now, Answers: maps.Clone(o.Estate.Answers)})
			if err != nil {
				t.Fatal(err)
			}
			walking, err := walk.New(o)
			if err != nil {
				t.Fatal(err)
			}
			d := walking.Run(t.Context(), func(_ *walk.Diagnosis, events []walk.Event) { w.Record(events) })
			w.End(d)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			kept, err := os.ReadFile(filepath.Join(dir, "j.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			all := everything(t, k, d, walking.Estate())
			all["journal"] = string(kept)
			for name, text := range all {
				planted = planted || strings.Contains(text, "********") || strings.Contains(text, "T83GX")
				for core := range secrets() {
					if i := strings.Index(text, core); i >= 0 {
						t.Errorf("%s has %q: %q", name, core, text[max(0, i-160):min(len(text), i+40)])
					}
				}
			}
			if !planted {
				t.Error("nothing was masked: the secrets were not planted")
			}
		})
	}
}
