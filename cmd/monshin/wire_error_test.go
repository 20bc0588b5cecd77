package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// wireError is an error answer, before a protocol writes it.
type wireError struct {
	status        int
	code, message string
}

// fail writes an error as the call's protocol does.
func (c *wireCall) fail(w http.ResponseWriter, e wireError) {
	const request = "00000000-0000-4000-8000-0000000000ff"
	switch c.protocol {
	case ec2Query:
		w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
		w.WriteHeader(e.status)
		fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>%s</RequestID></Response>",
			escapeXML(e.code), escapeXML(e.message), request)
	case awsQuery:
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(e.status)
		fmt.Fprintf(w, "<ErrorResponse xmlns=\"https://%s.amazonaws.com/doc/%s/\"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>",
			c.service, versions[c.service], escapeXML(e.code), escapeXML(e.message), request)
	case json11:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(e.status)
		// Some services put the namespace of the shape before the code.
		typ := map[string]string{"cloudtrail": "com.amazonaws.cloudtrail.v20131101#", "ds": "com.amazonaws.directoryservice.v20150416#"}[c.service] + e.code
		writeJSON(w, map[string]string{"__type": typ, "message": e.message})
	case restJSON:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Amzn-ErrorType", e.code+":http://internal.amazon.com/coral/com.amazon.coral.service/")
		w.WriteHeader(e.status)
		writeJSON(w, map[string]string{"message": e.message})
	}
}

// fault is a way to fail that every protocol has, with its own words for it.
type fault func(c *wireCall) wireError

// refused is what a service says to a caller without permission.
func refused(c *wireCall) wireError {
	who := fmt.Sprintf("User: arn:aws:iam::%s:user/oncall is not authorized to perform: %s on resource: * because no identity-based policy allows the action", wireAccount, c)
	switch c.protocol {
	case ec2Query:
		return wireError{http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. " + who + ". Encoded authorization failure message: " + strings.Repeat("kXw9ZjQ0", 200)}
	case awsQuery:
		return wireError{http.StatusForbidden, "AccessDenied", who}
	case restJSON:
		return wireError{http.StatusForbidden, "AccessDeniedException", who}
	}
	return wireError{http.StatusBadRequest, "AccessDeniedException", who}
}

// expired is what a service says to a session that has ended.
func expired(c *wireCall) wireError {
	switch c.protocol {
	case ec2Query:
		return wireError{http.StatusBadRequest, "RequestExpired", "Request has expired."}
	case awsQuery:
		return wireError{http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired"}
	case restJSON:
		return wireError{http.StatusForbidden, "ExpiredTokenException", "The security token included in the request is expired"}
	}
	return wireError{http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired"}
}

// invalidKey is what a service says to an access key that does not exist.
func invalidKey(c *wireCall) wireError {
	switch c.protocol {
	case ec2Query:
		return wireError{http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials"}
	case awsQuery:
		return wireError{http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid."}
	case restJSON:
		return wireError{http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid."}
	}
	return wireError{http.StatusBadRequest, "UnrecognizedClientException", "The security token included in the request is invalid."}
}

// throttled is what a service says to who asks too often.
func throttled(c *wireCall) wireError {
	switch c.protocol {
	case ec2Query:
		return wireError{http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded."}
	case awsQuery:
		return wireError{http.StatusBadRequest, "Throttling", "Rate exceeded"}
	case restJSON:
		return wireError{http.StatusTooManyRequests, "ThrottlingException", "Rate exceeded"}
	}
	return wireError{http.StatusBadRequest, "ThrottlingException", "Rate exceeded"}
}

// unknownOperation is what an endpoint says that has the service and lacks the operation.
func unknownOperation(c *wireCall) wireError {
	switch c.protocol {
	case ec2Query, awsQuery:
		return wireError{http.StatusBadRequest, "InvalidAction", "The action " + c.action + " is not valid for this web service."}
	case restJSON:
		return wireError{http.StatusNotFound, "UnknownOperationException", ""}
	}
	return wireError{http.StatusBadRequest, "UnknownOperationException", ""}
}

// htmlPage is what stands in the way of an endpoint, or is put there by mistake: a
// page for people. It is not XML.
func htmlPage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>%d %s</title></head>\n<body><h1>Sorry</h1><p>The gateway is having a bad day.<br></body></html>\n",
		status, http.StatusText(status))
}

// xhtmlPage is the same page, written so that it also is XML.
func xhtmlPage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, "<html><head><title>Sign in</title></head><body><p>Sign in to the network first.</p></body></html>\n")
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder never fails
	return b.String()
}

// writeJSON writes what cannot fail to be written: strings, numbers, maps, lists.
func writeJSON(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
