internal import APIMachinery

extension TablePrinters {
    static let extensions: [String: TablePrinter] = [
        "admissionregistration/v1.MutatingWebhookConfiguration": webhooks,
        "admissionregistration/v1.ValidatingWebhookConfiguration": webhooks,
        "admissionregistration/v1.ValidatingAdmissionPolicy": TablePrinter(
            "Name", "Validations:integer", "ParamKind", "Age"
        ) { object, now in
            let kind = object["spec", "paramKind"]
            let text = kind.isSet ? "\(kind["apiVersion"].string)/\(kind["kind"].string)" : "<unset>"
            return [
                name(object), .integer(Int64(object["spec", "validations"].items.count)), .string(text), age(object, now),
            ]
        },
        "admissionregistration/v1.ValidatingAdmissionPolicyBinding": TablePrinter(
            "Name", "PolicyName", "ParamRef", "Age"
        ) { object, now in
            let reference = object["spec", "paramRef"]
            var text = "<unset>"
            if reference.isSet {
                let place = reference["namespace"].isEmptyText ? "*" : reference["namespace"].string
                text =
                    reference["name"].isEmptyText
                    ? "\(place)/\(selector(reference["selector"]))" : "\(place)/\(reference["name"].string)"
            }
            return [name(object), .string(object["spec", "policyName"].string), .string(text), age(object, now)]
        },
        "apiextensions/v1.CustomResourceDefinition": createdAt,
        "apiregistration/v1.APIService": TablePrinter("Name", "Service", "Available", "Age") { object, now in
            let service = object["spec", "service"]
            let place = service.isSet ? "\(service["namespace"].string)/\(service["name"].string)" : "Local"
            let available = object["status", "conditions"].items.first { $0["type"].string == "Available" }
            var state = available?["status"].string ?? "Unknown"
            if let available, state != "True" { state += " (\(available["reason"].string))" }
            return [name(object), .string(place), .string(state), age(object, now)]
        },
        "flowcontrol/v1.FlowSchema": TablePrinter(
            "Name", "PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL"
        ) { object, now in
            let spec = object["spec"]
            let dangling = object["status", "conditions"].items.first { $0["type"].string == "Dangling" }
            return [
                name(object), .string(spec["priorityLevelConfiguration", "name"].string),
                count(spec["matchingPrecedence"]), text(spec["distinguisherMethod", "type"], or: "<none>"),
                age(object, now), .string(dangling?["status"].string ?? "?"),
            ]
        },
        "flowcontrol/v1.PriorityLevelConfiguration": TablePrinter(
            "Name", "Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age"
        ) { object, now in
            let limited = object["spec", "limited"]
            let queuing = limited["limitResponse", "queuing"]
            func number(_ field: JSONField) -> JSONValue { field.integer.map { .integer($0) } ?? "<none>" }
            return [
                name(object), .string(object["spec", "type"].string), number(limited["nominalConcurrencyShares"]),
                number(queuing["queues"]), number(queuing["handSize"]), number(queuing["queueLengthLimit"]),
                age(object, now),
            ]
        },
    ]

    private static let webhooks = TablePrinter("Name", "Webhooks:integer", "Age") { object, now in
        [name(object), .integer(Int64(object["webhooks"].items.count)), age(object, now)]
    }
}
