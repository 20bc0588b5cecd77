package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// id makes the id of a thing from its name in the lab, in AWS's form: prefix-0 and
// sixteen hexadecimal digits. The same name always has the same id.
func id(prefix, name string) string {
	return prefix + "-0" + digits(prefix+"/"+name, 16)
}

// directoryID is an id of Directory Service: d- and ten digits.
func directoryID(name string) string { return "d-9" + digits("directory/"+name, 9) }

// resolverID is an id of Route 53 Resolver: rslvr-rr- and seventeen digits.
func resolverID(prefix, name string) string { return prefix + "-" + digits(prefix+"/"+name, 17) }

// iamID is an id of IAM: a prefix of four letters and seventeen of base 36.
func iamID(prefix, name string) string {
	return prefix + strings.ToUpper(digits(prefix+"/"+name, 17))
}

func digits(name string, n int) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])[:n]
}

// uuid makes an id in the form of a random UUID from a name.
func uuid(name string) string {
	s := digits("uuid/"+name, 32)
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", s[:8], s[8:12], s[13:16], s[17:20], s[20:32])
}
