package transcript_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/sessions/transcript"
)

// long is a session of ten thousand entries: calls, notes and lines of a shell.
func long() transcript.Session {
	s := transcript.FromDiagnosis(undecided(), nil, nil, "0.1.0")
	s.Operators = []transcript.Operator{{Name: "okada"}}
	at := s.Diagnosis.AsOf
	shell := transcript.Shell{SessionID: "okada-0a1b2c3d4e5f60718", From: at, To: at}
	for i := range 10000 {
		at = at.Add(time.Second)
		switch i % 3 {
		case 0:
			s.Calls = append(s.Calls, walk.Call{Operation: "ec2:DescribeInstances", Time: at, Took: time.Millisecond, RequestID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)})
		case 1:
			s.Notes = append(s.Notes, transcript.Note{Time: at, By: "okada", Audience: transcript.ForCustomer, Text: strings.Repeat("確認した i-0123456789abcdef0 と 10.0.0.5 の件。", 4)})
		default:
			shell.Lines = append(shell.Lines, transcript.ShellLine{Time: at, Text: "C:\\Windows\\System32> Get-Service AmazonSSMAgent"})
		}
	}
	s.Shells = []transcript.Shell{shell}
	return s
}

func BenchmarkHTML(b *testing.B) {
	cat, s := catalogue(b), long()
	for _, r := range transcript.Readers() {
		b.Run(string(r), func(b *testing.B) {
			for b.Loop() {
				if _, err := transcript.Export(s, cat, transcript.AsHTML, transcript.Options{Lang: lang.Ja, Reader: r}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
