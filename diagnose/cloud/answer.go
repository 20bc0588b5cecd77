package cloud

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// answerHead is how much of an answer is looked at: the XML declaration, comments
// and the first element fit many times over.
const answerHead = 4096

// errNotAnAnswer is a success that says nothing.
var errNotAnAnswer = errors.New("the body is not an answer of this operation")

// checkAnswer refuses successes that are no answers. The SDK takes an empty body,
// and for EC2 any well-formed XML (the sign-in page of a network, say), for an answer
// without rows: what was not read would then be called missing.
func checkAnswer(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode < 200 || response.StatusCode >= 300 {
		return out, metadata, err
	}
	body := bufio.NewReaderSize(response.Body, answerHead)
	head, err := body.Peek(answerHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return out, metadata, nil // the deserializer meets the same error, and says so
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{body, response.Body}
	if !begins(head, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)) {
		return out, metadata, &smithy.DeserializationError{Err: errNotAnAnswer, Snapshot: head[:min(len(head), 1024)]}
	}
	return out, metadata, nil
}

// begins reports whether a body begins like an answer of an operation: the query
// protocols name it in the first element, the others send a JSON object.
func begins(head []byte, service, operation string) bool {
	switch service {
	case "EC2", "IAM", "STS":
	default:
		return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{"))
	}
	decoder := xml.NewDecoder(bytes.NewReader(head))
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return false
		}
		if element, ok := token.(xml.StartElement); ok {
			return element.Name.Local == operation+"Response"
		}
	}
}
