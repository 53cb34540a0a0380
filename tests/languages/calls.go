// SPDX-License-Identifier: LGPL-2.1-or-later

// calls.go: calls the nwfilter API through libvirt's Go package, as test_languages.py asks for
//
// The first argument is the URI, a second one opens it read-only. Each line of standard input is a JSON array, a call and its
// arguments; each line of standard output its answer: {"value": …} or {"error": [code, domain, message]}.
//
// Version 6.0.0 of the package frees what GetPortDev() and GetFilterName() of a binding return, though it belongs to the handle.
// Both are therefore read from the binding's document.
package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"sort"

	libvirt "github.com/libvirt/libvirt-go"
)

type call func(conn *libvirt.Connect, argument string) (interface{}, error)

// What has to be given back, filters and bindings alike.
type handle interface{ Free() error }

// What a binding's document says of it.
type document struct {
	Port struct {
		Name string `xml:"name,attr"`
	} `xml:"portdev"`
	Reference struct {
		Filter string `xml:"filter,attr"`
	} `xml:"filterref"`
}

func read(binding *libvirt.NWFilterBinding) (document, error) {
	var result document
	text, err := binding.GetXMLDesc(0)
	if err == nil {
		err = xml.Unmarshal([]byte(text), &result)
	}
	return result, err
}

func filter(conn *libvirt.Connect, name string, use func(*libvirt.NWFilter) (interface{}, error)) (interface{}, error) {
	found, err := conn.LookupNWFilterByName(name)
	if err != nil {
		return nil, err
	}
	defer found.Free()
	return use(found)
}

func binding(conn *libvirt.Connect, port string, use func(*libvirt.NWFilterBinding) (interface{}, error)) (interface{}, error) {
	found, err := conn.LookupNWFilterBindingByPortDev(port)
	if err != nil {
		return nil, err
	}
	defer found.Free()
	return use(found)
}

func sorted(names []string, err error) (interface{}, error) {
	sort.Strings(names)
	return names, err
}

func free(one handle) { one.Free() }

func list(conn *libvirt.Connect, _ string) (interface{}, error) {
	filters, err := conn.ListAllNWFilters(0)
	names := []string{}
	for i := range filters {
		defer free(&filters[i])
		name, err := filters[i].GetName()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return sorted(names, err)
}

func ports(conn *libvirt.Connect, _ string) (interface{}, error) {
	bindings, err := conn.ListAllNWFilterBindings(0)
	names := []string{}
	for i := range bindings {
		defer free(&bindings[i])
		found, err := read(&bindings[i])
		if err != nil {
			return nil, err
		}
		names = append(names, found.Port.Name)
	}
	return sorted(names, err)
}

func define(conn *libvirt.Connect, xml string) (interface{}, error) {
	made, err := conn.NWFilterDefineXML(xml)
	if err != nil {
		return nil, err
	}
	defer made.Free()
	return made.GetUUIDString()
}

func name(conn *libvirt.Connect, uuid string) (interface{}, error) {
	found, err := conn.LookupNWFilterByUUIDString(uuid)
	if err != nil {
		return nil, err
	}
	defer found.Free()
	return found.GetName()
}

func bind(conn *libvirt.Connect, xml string) (interface{}, error) {
	made, err := conn.NWFilterBindingCreateXML(xml, 0)
	if err != nil {
		return nil, err
	}
	defer made.Free()
	found, err := read(made)
	return found.Port.Name, err
}

var calls = map[string]call{
	"count":  func(conn *libvirt.Connect, _ string) (interface{}, error) { return conn.NumOfNWFilters() },
	"names":  func(conn *libvirt.Connect, _ string) (interface{}, error) { return sorted(conn.ListNWFilters()) },
	"list":   list,
	"define": define,
	"dump": func(conn *libvirt.Connect, name string) (interface{}, error) {
		return filter(conn, name, func(found *libvirt.NWFilter) (interface{}, error) { return found.GetXMLDesc(0) })
	},
	"name": name,
	"undefine": func(conn *libvirt.Connect, name string) (interface{}, error) {
		return filter(conn, name, func(found *libvirt.NWFilter) (interface{}, error) { return nil, found.Undefine() })
	},
	"bind":  bind,
	"ports": ports,
	"filter": func(conn *libvirt.Connect, port string) (interface{}, error) {
		return binding(conn, port, func(found *libvirt.NWFilterBinding) (interface{}, error) {
			told, err := read(found)
			return told.Reference.Filter, err
		})
	},
	"describe": func(conn *libvirt.Connect, port string) (interface{}, error) {
		return binding(conn, port, func(found *libvirt.NWFilterBinding) (interface{}, error) { return found.GetXMLDesc(0) })
	},
	"unbind": func(conn *libvirt.Connect, port string) (interface{}, error) {
		return binding(conn, port, func(found *libvirt.NWFilterBinding) (interface{}, error) { return nil, found.Delete() })
	},
}

func answer(value interface{}, err error) map[string]interface{} {
	if err == nil {
		return map[string]interface{}{"value": value}
	}
	told, ok := err.(libvirt.Error)
	if !ok {
		panic(err)
	}
	return map[string]interface{}{"error": []interface{}{told.Code, told.Domain, told.Message}}
}

func open(uri string, readonly bool) (*libvirt.Connect, error) {
	if readonly {
		return libvirt.NewConnectReadOnly(uri)
	}
	return libvirt.NewConnect(uri)
}

func main() {
	conn, err := open(os.Args[1], len(os.Args) > 2)
	output, input := json.NewEncoder(os.Stdout), json.NewDecoder(os.Stdin)
	output.Encode(answer(nil, err))
	for words := []string{}; input.Decode(&words) == nil; {
		output.Encode(answer(calls[words[0]](conn, append(words, "")[1])))
	}
}
