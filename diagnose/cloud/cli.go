package cloud

import "strings"

// argument is an option of an AWS CLI line with its values.
type argument struct {
	option string
	values []string
}

func arg(option string, values ...string) argument { return argument{option, values} }

// commandLine writes an AWS CLI line that reads the same in a POSIX shell whatever
// the values are: anything but harmless characters is quoted, control characters
// are left out, and a value that begins with a dash cannot pass for an option.
func commandLine(words, region string, arguments ...argument) string {
	var b strings.Builder
	b.WriteString("aws " + words)
	if region != "" {
		arguments = append(arguments[:len(arguments):len(arguments)], arg("--region", region))
	}
	for _, a := range arguments {
		b.WriteString(" " + a.option)
		for i, v := range a.values {
			v = printable(v)
			if i == 0 && strings.HasPrefix(v, "-") {
				b.WriteString("=" + quoted(v))
				continue
			}
			b.WriteString(" " + quoted(v))
		}
	}
	return b.String()
}

// printable leaves out control characters, which a terminal could act on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

func quoted(s string) string {
	harmless := s != ""
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		harmless = harmless && (letter || strings.ContainsRune("-_./:=,@+", r))
	}
	if harmless {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// filter writes one value of --filters.
func filter(name, value string) string { return "Name=" + name + ",Values=" + value }
