@testable import APIServer
import Testing

/// A rule, a question, and the answer.
struct RuleCase: Sendable {
    let rule: PolicyRule
    let verb: String
    let resource: RequestAttributes.Resource
    let isAllowed: Bool
}

@Suite struct PolicyRuleTests {
    static let pods = RequestAttributes.Resource(group: "", resource: "pods", namespace: "a", name: "web")
    static let logs = RequestAttributes.Resource(group: "", resource: "pods", subresource: "log", namespace: "a", name: "web")
    static let scale = RequestAttributes.Resource(group: "apps", resource: "deployments", subresource: "scale", name: "x")

    @Test(arguments: [
        RuleCase(rule: PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods"]), verb: "get", resource: pods, isAllowed: true),
        RuleCase(rule: PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods"]), verb: "list", resource: pods, isAllowed: false),
        RuleCase(rule: PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]), verb: "list", resource: logs, isAllowed: true),
        RuleCase(rule: PolicyRule(verbs: ["get"], apiGroups: ["apps"], resources: ["pods"]), verb: "get", resource: pods, isAllowed: false),
        RuleCase(rule: PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods"]), verb: "get", resource: logs, isAllowed: false),
        RuleCase(rule: PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods/log"]), verb: "get", resource: logs, isAllowed: true),
        RuleCase(rule: PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods/log"]), verb: "get", resource: pods, isAllowed: false),
        RuleCase(
            rule: PolicyRule(verbs: ["get"], apiGroups: ["apps"], resources: ["*/scale"]), verb: "get", resource: scale, isAllowed: true),
        RuleCase(
            rule: PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["web"]), verb: "get", resource: pods,
            isAllowed: true),
        RuleCase(
            rule: PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["db"]), verb: "get", resource: pods,
            isAllowed: false),
        RuleCase(rule: PolicyRule(verbs: ["get"], nonResourceURLs: ["*"]), verb: "get", resource: pods, isAllowed: false),
    ])
    func `a rule allows what it names and nothing else`(test: RuleCase) {
        let attributes = RequestAttributes(user: UserInfo(name: "u"), verb: test.verb, resource: test.resource)
        #expect(test.rule.allows(attributes) == test.isAllowed)
    }

    @Test(
        arguments: [
            (["/healthz"], "/healthz", true), (["/healthz"], "/healthz/x", false), (["/api/*"], "/api/v1", true),
            (["/api/*"], "/apis", false),
            (["*"], "/anything", true), (["/api*"], "/apis", true), ([], "/", false),
        ] as [([String], String, Bool)])
    func `a star at the end of a path stands for the rest`(urls: [String], path: String, isAllowed: Bool) {
        let rule = PolicyRule(verbs: ["get"], nonResourceURLs: urls)
        #expect(rule.allows(RequestAttributes(user: UserInfo(name: "u"), verb: "get", path: path)) == isAllowed)
    }

    @Test func `rights that are lacking are told, joined by resource`() {
        let owned = [PolicyRule(verbs: ["get", "list"], apiGroups: [""], resources: ["pods", "services"])]
        let wanted = [PolicyRule(verbs: ["get", "create", "delete"], apiGroups: [""], resources: ["pods"])]
        #expect(
            PolicyRule.missing(from: owned, of: wanted).map(\.description) == [
                "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"create\" \"delete\"]}"
            ])
        #expect(PolicyRule.missing(from: PolicyRule.fullAuthority, of: wanted).isEmpty)
        #expect(
            PolicyRule.missing(from: owned, of: [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["x"])])
                .isEmpty)
    }

    @Test func `a right to named objects does not cover the right to all`() {
        let owned = [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: ["one"])]
        #expect(!PolicyRule.missing(from: owned, of: [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["secrets"])]).isEmpty)
    }

    @Test func `a right to every verb is not made of rights to some`() {
        let owned = [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods"])]
        #expect(!PolicyRule.missing(from: owned, of: [PolicyRule(verbs: ["*"], apiGroups: [""], resources: ["pods"])]).isEmpty)
    }
}
