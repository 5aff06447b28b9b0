// Proves that the checker sees what it must see: an edit that is right, and each way to get one wrong.
package main

import (
	"strings"
	"testing"
)

const plain = `apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - name: app
    image: i
`

const meshed = `apiVersion: v1
kind: Pod
metadata: {annotations: {"meshctl.dev/injected": "x"}, name: a}
spec:
  initContainers:
  - name: mesh-proxy
    image: p
  containers:
  - name: app
    image: i
`

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		before, after, reason string
	}{
		"right":            {plain, meshed, ""},
		"unchanged":        {plain, plain, ""},
		"unknown field":    {plain, strings.Replace(meshed, "image: p", "imagee: p", 1), "unknown field"},
		"duplicate key":    {plain, strings.Replace(meshed, "image: p", "name: p", 1), "already set"},
		"lost":             {plain, strings.Replace(meshed, "    image: i\n", "", 1), ".image"},
		"changed":          {plain, strings.Replace(meshed, "image: i", "image: j", 1), "i became j"},
		"document more":    {plain, meshed + "---\na: b\n", "documents"},
		"elsewhere":        {plain, strings.Replace(meshed, "{annotations", "{labels", 1), "no pod template"},
		"null list":        {strings.Replace(plain, "  containers", "  initContainers: ~\n  containers", 1), meshed, ""},
		"user's mesh name": {strings.Replace(plain, "name: app", "name: mesh-app", 1), meshed, "mesh-app"},
	} {
		t.Run(name, func(t *testing.T) {
			c := testCase{Name: name, Before: test.before, After: test.after}
			got := c.check(&summary{})
			if (test.reason == "") != (got == "") || !strings.Contains(got, test.reason) {
				t.Errorf("got %q, want %q", got, test.reason)
			}
		})
	}
}

func TestPatch(t *testing.T) {
	right := testCase{Before: "a: 1", After: "a: 1\nb: 2", Patch: []byte(`[{"op":"add","path":"/b","value":2}]`)}
	if got := right.check(&summary{}); got != "" {
		t.Error(got)
	}
	wrong := testCase{Before: "a: 1", After: "a: 1\nb: 3", Patch: right.Patch}
	if got := wrong.check(&summary{}); !strings.Contains(got, ".b") {
		t.Error(got)
	}
}
