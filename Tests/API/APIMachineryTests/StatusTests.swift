import APIMachinery
import Testing

@Suite struct StatusTests {
    private let path = FieldPath("spec", "containers").index(0)

    @Test func `field errors read as upstream's`() {
        let cases: [(FieldError, String)] = [
            (.required(path.child("name")), "spec.containers[0].name: Required value"),
            (.invalid(path.child("image"), " ", "must not be blank"), "spec.containers[0].image: Invalid value: \" \": must not be blank"),
            (.invalid(path, 3, "too many"), "spec.containers[0]: Invalid value: 3: too many"),
            (.duplicate(FieldPath("metadata").key("a"), "x"), "metadata[a]: Duplicate value: \"x\""),
            (
                .notSupported(path, "z", supported: ["a", "b"]),
                "spec.containers[0]: Unsupported value: \"z\": supported values: \"a\", \"b\""
            ),
            (.notFound(path, "v"), "spec.containers[0]: Not found: \"v\""), (.forbidden(path, "no"), "spec.containers[0]: Forbidden: no"),
            (.tooLong(path, maxBytes: 1), "spec.containers[0]: Too long: may not be more than 1 byte"),
            (.tooMany(path, count: 5, max: 3), "spec.containers[0]: Too many: 5: must have at most 3 items"),
            (.invalid(path, ["a": [1]], ""), "spec.containers[0]: Invalid value: {\"a\":[1]}"),
        ]
        for (error, text) in cases { #expect(error.description == text) }
    }

    @Test func `an invalid object is told with all its causes`() {
        let status = Status.invalid(
            kind: "Pod", group: "", name: "x", [.required(path.child("name")), .required(path.child("image"))])
        #expect(
            status.message
                == "Pod \"x\" is invalid: [spec.containers[0].name: Required value, spec.containers[0].image: Required value]")
        #expect(status.code == 422)
        #expect(status.details?.causes.first?.reason == "FieldValueRequired")
        #expect(status.details?.causes.first?.field == "spec.containers[0].name")
        #expect(
            Status.invalid(kind: "Job", group: "batch", name: "j", [.required(path)]).message
                == "Job.batch \"j\" is invalid: spec.containers[0]: Required value")
    }

    @Test func `comes back from its JSON`() throws {
        var status = Status.conflict(resource: "deployments", group: "apps", name: "web", "the object has been modified")
        status.details?.retryAfterSeconds = 3
        #expect(status.message == "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified")
        #expect(Status(json: try JSONValue(parsing: status.json.serialized())) == status)
        #expect(Status(json: ["kind": "Pod"]) == nil)
    }

    @Test func `strings are quoted as Go prints them`() {
        #expect("a\"\\\n\t\u{1}é".quoted == #""a\"\\\n\t\x01é""#)
    }
}
