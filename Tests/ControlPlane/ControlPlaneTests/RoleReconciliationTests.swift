import APIMachinery
@testable import ControlPlane
import Testing

@Suite struct RoleReconciliationTests {
    static let wanted: JSONObject = [
        "metadata": [
            "name": "r", "labels": ["kubernetes.io/bootstrapping": "rbac-defaults"],
            "annotations": ["rbac.authorization.kubernetes.io/autoupdate": "true"],
        ], "rules": [["verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]]],
    ]

    @Test func `what is right stays as it is`() { #expect(RoleReconciliation.mended(Self.wanted, Self.wanted) == nil) }

    @Test func `what is missing is added, what others added stays`() {
        var role = Self.wanted
        role["metadata"] = ["name": "r", "labels": ["own": "1"]]
        role["rules"] = [
            ["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]], ["verbs": ["*"], "apiGroups": ["x"], "resources": ["*"]],
        ]
        let mended = RoleReconciliation.mended(role, Self.wanted)
        #expect(mended?["metadata"]?["labels"] == ["own": "1", "kubernetes.io/bootstrapping": "rbac-defaults"])
        #expect(mended?["metadata"]?["annotations"]?["rbac.authorization.kubernetes.io/autoupdate"] == "true")
        #expect(mended?["rules"]?.arrayValue?.count == 3)
        #expect(mended?["rules"]?[2]?["verbs"] == ["list"])
        #expect(mended.flatMap { RoleReconciliation.mended($0, Self.wanted) } == nil)
    }

    @Test func `a role that says no is left alone`() {
        var role = Self.wanted
        role["rules"] = .null
        role["metadata"] = ["name": "r", "annotations": ["rbac.authorization.kubernetes.io/autoupdate": "false"]]
        #expect(RoleReconciliation.mended(role, Self.wanted) == nil)
    }

    @Test func `bindings get their subjects back`() {
        let subject: JSONValue = ["kind": "Group", "name": "system:authenticated", "apiGroup": "rbac.authorization.k8s.io"]
        let wanted: JSONObject = ["metadata": ["name": "b"], "subjects": [subject]]
        let other: JSONValue = ["kind": "User", "name": "jane"]
        let mended = RoleReconciliation.mended(["metadata": ["name": "b"], "subjects": [other]], wanted)
        #expect(mended?["subjects"] == [other, subject])
    }
}
