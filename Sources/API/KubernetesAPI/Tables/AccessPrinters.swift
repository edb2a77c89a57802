internal import APIMachinery

extension TablePrinters {
    static let access: [String: TablePrinter] = [
        "rbac/v1.Role": createdAt, "rbac/v1.ClusterRole": createdAt,
        "rbac/v1.RoleBinding": binding, "rbac/v1.ClusterRoleBinding": binding,
        "certificates/v1.CertificateSigningRequest": TablePrinter(
            "Name", "Age", "SignerName", "Requestor", "RequestedDuration", "Condition"
        ) { object, now in
            let spec = object["spec"]
            let duration = spec["expirationSeconds"].integer.map { HumanDuration.text(seconds: $0) } ?? "<none>"
            return [
                name(object), age(object, now), text(spec["signerName"], or: "<none>"), .string(spec["username"].string),
                .string(duration), .string(certificateState(object)),
            ]
        },
    ]

    private static let binding = TablePrinter(
        "Name", "Role", "Age", "Users::1", "Groups::1", "ServiceAccounts::1"
    ) { object, now in
        let role = object["roleRef"]
        func subjects(_ kind: String) -> JSONValue {
            let names = object["subjects"].items.filter { $0["kind"].string == kind }.map { subject in
                kind == "ServiceAccount" && !subject["namespace"].isEmptyText
                    ? "\(subject["namespace"].string)/\(subject["name"].string)" : subject["name"].string
            }
            return .string(names.joined(separator: ", "))
        }
        return [
            name(object), .string("\(role["kind"].string)/\(role["name"].string)"), age(object, now), subjects("User"),
            subjects("Group"), subjects("ServiceAccount"),
        ]
    }

    private static func certificateState(_ request: JSONField) -> String {
        let types = Set(request["status", "conditions"].items.map { $0["type"].string })
        var state: String
        if types.contains("Denied") {
            state = "Denied"
        } else if types.contains("Approved") {
            state = "Approved"
        } else {
            state = "Pending"
        }
        if types.contains("Failed") { state += ",Failed" }
        if !request["status", "certificate"].isEmptyText { state += ",Issued" }
        return state
    }
}
