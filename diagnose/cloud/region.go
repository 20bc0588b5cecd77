package cloud

import (
	"regexp"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// partitions are the forms of region names by partition (partitions.json of the AWS
// SDK). A region younger than this program still has its partition's form.
var partitions = []struct {
	id   string
	form *regexp.Regexp
}{
	{"aws", regexp.MustCompile(`^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$`)},
	{"aws-cn", regexp.MustCompile(`^cn-\w+-\d+$`)},
	{"aws-us-gov", regexp.MustCompile(`^us-gov-\w+-\d+$`)},
	{"aws-eusc", regexp.MustCompile(`^eusc-(de)-\w+-\d+$`)},
	{"aws-iso", regexp.MustCompile(`^us-iso-\w+-\d+$`)},
	{"aws-iso-b", regexp.MustCompile(`^us-isob-\w+-\d+$`)},
	{"aws-iso-e", regexp.MustCompile(`^eu-isoe-\w+-\d+$`)},
	{"aws-iso-f", regexp.MustCompile(`^us-isof-\w+-\d+$`)},
}

// commercial are the directions and numbers that regions of the partition "aws" have
// so far. Their forms alone would let "ap-northest-1" pass, and every call would
// then fail with a host name that nobody can explain.
var commercial = regexp.MustCompile(`^(us|eu|ap|sa|ca|me|af|il|mx)-(north|south|east|west|central|northeast|northwest|southeast|southwest)-\d{1,2}$`)

// regions are those of the partition "aws" that the AWS SDK knew when this program
// was written; they serve to guess what was meant.
var regions = []string{
	"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
	"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
	"ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
	"eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// newRegions is how many regions may come to one place before the list is renewed.
const newRegions = 3

// IsRegion reports whether a name can be that of a region. It asks nobody, so a name
// of the right form that AWS has not given yet passes.
func IsRegion(name string) bool {
	if p := Partition(name); p != "aws" {
		return p != ""
	}
	place, n := numbered(name)
	highest := 0
	for _, r := range regions {
		if p, m := numbered(r); p == place {
			highest = max(highest, m)
		}
	}
	return commercial.MatchString(name) && n >= 1 && n <= highest+newRegions
}

// numbered takes a region's name apart: "ap-northeast", 1.
func numbered(name string) (place string, n int) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name, 0
	}
	return name[:i], number(name[i+1:])
}

// Partition is the partition of a region, "" where the name is not of any's form.
func Partition(region string) string {
	for _, p := range partitions {
		if p.form.MatchString(region) {
			return p.id
		}
	}
	return ""
}

func regionProblem(name string) error {
	if name == "" {
		return &Problem{Say: lang.Both(
			"No region is chosen. Name one with --region or AWS_REGION, or set it in the profile.",
			"リージョン未指定。--region または AWS_REGION で指定するか、プロファイルに設定。",
		)}
	}
	hint := lang.Both("For example: --region ap-northeast-1.", "例: --region ap-northeast-1")
	if near := nearest(name); near != "" {
		hint = lang.Both("Did you mean %s?", "もしかして: %s").With(near)
	}
	return &Problem{Say: lang.Both(
		"There is no AWS region %q. %s", "AWS リージョン %q は存在しない。%s",
	).With(clean(name, 64), hint)}
}

// nearest is the region that is at most two typing errors away, "" where none or
// more than one is nearest.
func nearest(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if len(name) > 32 {
		return ""
	}
	best, found, ties := 3, "", 0
	for _, r := range regions {
		switch d := distance(name, r); {
		case d < best:
			best, found, ties = d, r, 0
		case d == best && best < 3:
			ties++
		}
	}
	if ties > 0 {
		return ""
	}
	return found
}

// distance counts the insertions, deletions and replacements between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
