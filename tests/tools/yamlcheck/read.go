// Reads a stream as kubectl and the API server do: split into documents, YAML to JSON, typed kinds strictly.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"

	jsonpatch "github.com/evanphx/json-patch"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type document struct {
	value any
}

// kinds holds a fresh value of every type that is decoded strictly.
var kinds = map[string]func() any{
	"v1/Pod":                   func() any { return new(corev1.Pod) },
	"v1/ReplicationController": func() any { return new(corev1.ReplicationController) },
	"v1/Service":               func() any { return new(corev1.Service) },
	"v1/ConfigMap":             func() any { return new(corev1.ConfigMap) },
	"v1/Namespace":             func() any { return new(corev1.Namespace) },
	"v1/ServiceAccount":        func() any { return new(corev1.ServiceAccount) },
	"v1/Secret":                func() any { return new(corev1.Secret) },
	"apps/v1/Deployment":       func() any { return new(appsv1.Deployment) },
	"apps/v1/StatefulSet":      func() any { return new(appsv1.StatefulSet) },
	"apps/v1/DaemonSet":        func() any { return new(appsv1.DaemonSet) },
	"apps/v1/ReplicaSet":       func() any { return new(appsv1.ReplicaSet) },
	"apps/v1/DeploymentList":   func() any { return new(appsv1.DeploymentList) },
	"batch/v1/Job":             func() any { return new(batchv1.Job) },
	"batch/v1/CronJob":         func() any { return new(batchv1.CronJob) },
}

func readStream(text string) ([]document, error) {
	var documents []document
	text = strings.TrimPrefix(text, "\ufeff")
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		part, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		next, err := readDocument(part)
		if err != nil {
			return nil, err
		}
		documents = append(documents, next)
	}
}

func readDocument(text []byte) (document, error) {
	converted, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return document{}, err
	}
	value, err := decode(converted)
	return document{value: value}, err
}

func decode(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

func (d document) typed() bool {
	_, known := kinds[kindOf(d.value)]
	return known
}

// strict decodes a value into its Kubernetes type and refuses unknown fields; the items of a list one by one.
func (d document) strict(value any) error {
	if object, ok := value.(map[string]any); ok && kindOf(value) == "v1/List" {
		items, _ := object["items"].([]any)
		for _, item := range items {
			if err := d.strict(item); err != nil {
				return err
			}
		}
	}
	fresh, known := kinds[kindOf(value)]
	if !known {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(fresh())
}

func kindOf(value any) string {
	object, _ := value.(map[string]any)
	version, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	return version + "/" + kind
}

func checkPatch(before, after string, patch json.RawMessage) string {
	first, err := yaml.YAMLToJSONStrict([]byte(before))
	if err != nil {
		return "before: " + err.Error()
	}
	second, err := yaml.YAMLToJSONStrict([]byte(after))
	if err != nil {
		return "after: " + err.Error()
	}
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return "patch: " + err.Error()
	}
	applied, err := operations.Apply(first)
	if err != nil {
		return "patch: " + err.Error()
	}
	got, err := decode(applied)
	if err != nil {
		return "patched: " + err.Error()
	}
	want, err := decode(second)
	if err != nil {
		return "after: " + err.Error()
	}
	if !reflect.DeepEqual(got, want) {
		return "the patched resource is not the edited one: " + difference("", want, got)
	}
	return ""
}
