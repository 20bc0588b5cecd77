package cloud

import "strings"

// commandLine writes an AWS CLI line that reads the same in a POSIX shell whatever
// the values are: anything but harmless characters is quoted, control characters
// are left out, and a value that begins with a dash cannot pass for an option.
// Words are given as they are; options with their values in pairs follow.
func commandLine(words string, region string, options ...string) string {
	var b strings.Builder
	b.WriteString("aws ")
	b.WriteString(words)
	for i := 0; i+1 < len(options); i += 2 {
		b.WriteByte(' ')
		b.WriteString(options[i])
		value := printable(options[i+1])
		if strings.HasPrefix(value, "-") {
			b.WriteByte('=')
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(quoted(value))
	}
	if len(options)%2 == 1 { // a flag without a value
		b.WriteByte(' ')
		b.WriteString(options[len(options)-1])
	}
	if region != "" {
		b.WriteString(" --region ")
		b.WriteString(quoted(printable(region)))
	}
	return b.String()
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return -1
		}
		return r
	}, s)
}

func quoted(s string) string {
	harmless := s != ""
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@+", r)) {
			harmless = false
			break
		}
	}
	if harmless {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// filter writes one value of --filters.
func filter(name string, values ...string) string {
	return "Name=" + name + ",Values=" + strings.Join(values, ",")
}
