import ArgumentParser
internal import APIMachinery
internal import Kubelet
internal import KubernetesAPI

struct Ps: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ps", abstract: "List the pods of this instance.")

    @OptionGroup var instance: InstanceOptions

    @Option(name: .shortAndLong, help: "table, wide or json.")
    var output = Format.table

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, wide, json }

    func run() throws {
        try Privilege.requireRoot()
        let pods = try PodRecords(runDirectory: instance.absoluteRunDirectory).all(report: Output.warn)
        switch output {
        case .table, .wide: Output.print(table(pods, isWide: output == .wide).text)
        case .json: Output.print(JSONValue.object(json(pods)).serializedText(.pretty))
        }
    }

    private func table(_ pods: [Pod], isWide: Bool) -> Table {
        let columns = ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"] + (isWide ? ["IP", "NOT ENFORCED", "UID"] : [])
        var table = Table(header: columns)
        let now = Timestamp.now()
        for pod in pods {
            let age = pod.status.startTime.map { now.nanosecondsSinceEpoch - $0.nanosecondsSinceEpoch }
            var row = [
                pod.metadata.namespace ?? "", pod.metadata.name ?? "",
                PodSummary.ready(of: pod), PodSummary.status(of: pod), PodSummary.restarts(of: pod, now: now),
                age.map(shortAge) ?? "<unknown>",
            ]
            if isWide {
                let missing = LimitsCondition.lines(in: pod.status).count
                row += [pod.status.podIP ?? "<none>", missing == 0 ? "<none>" : "\(missing)", pod.metadata.uid ?? ""]
            }
            table.rows.append(row)
        }
        return table
    }

    private func json(_ pods: [Pod]) -> JSONObject {
        var object = JSONObject()
        object["pods"] = .array(pods.map { .object(PodSummary.json(of: $0)) })
        return object
    }
}
