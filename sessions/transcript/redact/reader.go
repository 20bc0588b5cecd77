// Package redact makes one investigation fit for different readers (マスキング). It
// works on typed values before they become text: every field has a class, every
// reader a rule for every class. What people and services wrote as sentences is
// swept for the values that the fields gave away, and for what looks like one.
package redact

import (
	"slices"

	"github.com/monshin/monshin/diagnose/lang"
)

// Reader is for whom an export is written.
type Reader string

// The readers. The zero Reader is Internal.
const (
	// Internal is the operator's own team: everything but secrets.
	Internal Reader = "internal"
	// Customer keeps what is the customer's own; the operators' names, profiles,
	// local paths and internal notes go.
	Customer Reader = "customer"
	// Support is AWS Support: ids, private addresses and role ARNs stay, since AWS
	// cannot search for tokens; the names of people and what people named go.
	Support Reader = "aws-support"
	// Public is anybody: what identifies becomes a token that stays the same inside
	// one file.
	Public Reader = "public"
)

// Readers lists the readers, the nearest first.
func Readers() []Reader { return []Reader{Internal, Customer, Support, Public} }

// ParseReader reads a flag's value; "" is Internal.
func ParseReader(s string) (Reader, bool) {
	if s == "" {
		return Internal, true
	}
	r := Reader(s)
	return r, slices.Contains(Readers(), r)
}

// Text names a reader.
func (r Reader) Text() lang.Text {
	switch r {
	case Customer:
		return lang.Both("the customer", "お客様")
	case Support:
		return lang.Same("AWS Support")
	case Public:
		return lang.Both("the public", "一般公開")
	}
	return lang.Both("internal", "社内")
}

// Class says what a value is.
type Class string

// The classes. Their order in Classes is that of a report.
const (
	// Plain identifies nobody: states, types, versions, regions.
	Plain Class = "plain"

	Account  Class = "account"
	Alias    Class = "alias"
	Resource Class = "resource"
	ARN      Class = "arn"     // judged by what it is made of
	Own      Class = "own-arn" // the ARN of who reads: its session is an operator
	Address  Class = "address" // an address or a block, private
	Internet Class = "internet-address"
	Role     Class = "role" // IAM roles, profiles, policies: they are part of ARNs
	Name     Class = "name" // what people named: groups, keys, images, rules
	Tag      Class = "tag"  // tag values, the Name tag too
	TagKey   Class = "tag-key"
	Host     Class = "host"
	Machine  Class = "machine-id" // SIDs, machine GUIDs, thumbprints
	User     Class = "user"
	Unit     Class = "ou"
	Domain   Class = "domain"
	Request  Class = "request" // request, event, command and session ids
	Path     Class = "path"    // of the operator's machine
	Profile  Class = "profile"
	Operator Class = "operator"
	// Free is a sentence that a service, a script or a person wrote.
	Free Class = "text"
	// Sweep is monshin's own sentence with values in it, or a value of unknown kind.
	Sweep Class = "sweep"
	// At is a place in the estate, "kind:id#field": the kind is monshin's own word.
	At Class = "at"
	// Secret is what no reader may see.
	Secret Class = "secret"
	// Removed is what was left out as a whole.
	Removed Class = "removed"
)

// Classes lists the classes that a report can name.
func Classes() []Class {
	return []Class{Secret, Removed, Account, Alias, Resource, Address, Internet, Role, Name, Tag, TagKey, Host, Machine,
		User, Unit, Domain, Request, Path, Profile, Operator, Free}
}

// Text names a class.
func (c Class) Text() lang.Text {
	switch c {
	case Secret:
		return lang.Both("passwords, keys, tokens", "パスワード・キー・トークン")
	case Removed:
		return lang.Both("left out as a whole", "記載を省略")
	case Account:
		return lang.Both("account ids", "アカウント ID")
	case Alias:
		return lang.Both("account aliases", "アカウントエイリアス")
	case Resource:
		return lang.Both("resource ids", "リソース ID")
	case Address:
		return lang.Both("private addresses", "プライベート IP アドレス")
	case Internet:
		return lang.Both("public addresses", "パブリック IP アドレス")
	case Role:
		return lang.Both("roles, profiles, policies", "ロール・プロファイル・ポリシー名")
	case Name:
		return lang.Both("names of resources", "リソースの名前")
	case Tag:
		return lang.Both("tag values", "タグの値")
	case TagKey:
		return lang.Both("tag keys", "タグのキー")
	case Host:
		return lang.Both("host names", "ホスト名")
	case Machine:
		return lang.Both("machine ids", "SID・マシン ID")
	case User:
		return lang.Both("user names", "ユーザー名")
	case Unit:
		return lang.Same("OU")
	case Domain:
		return lang.Both("domain names", "ドメイン名")
	case Request:
		return lang.Both("request ids", "リクエスト ID など")
	case Path:
		return lang.Both("local paths", "ローカルのパス")
	case Profile:
		return lang.Both("AWS profiles", "AWS プロファイル名")
	case Operator:
		return lang.Both("operators", "作業者名")
	case Free:
		return lang.Both("sentences", "自由記述")
	}
	return lang.Same(string(c))
}

// kept reports whether a reader sees values of a class as they are.
func (r Reader) kept(c Class) bool {
	switch r {
	case Customer:
		return !slices.Contains([]Class{Path, Profile, Operator}, c)
	case Support:
		return slices.Contains([]Class{Plain, Account, Resource, Address, Role, TagKey, Domain, Request, Free}, c)
	case Public:
		return c == Plain
	}
	return true
}

// word is what the tokens of a class begin with.
func (c Class) word() string {
	switch c {
	case Internet:
		return "public-address"
	case Machine:
		return "machine"
	case TagKey:
		return "tag"
	case Alias, Account, Address, Role, Name, Tag, Host, User, Unit, Domain, Request, Path, Profile, Operator, Free:
		return string(c)
	}
	return "resource"
}
