import ArgumentParser
internal import APIMachinery
internal import KubernetesAPI

struct Ps: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the pods of this instance.")

    @OptionGroup var instance: InstanceOptions

    @Option(name: .shortAndLong, help: "table, wide or json.")
    var output = Format.table

    enum Format: String, ExpressibleByArgument { case table, wide, json }

    func run() throws {
        try Privilege.requireRoot()
        let pods = try PodRecords(runDirectory: instance.absoluteRunDirectory).all(report: Output.warn)
        switch output {
        case .table, .wide: Output.print(table(pods, isWide: output == .wide).text)
        case .json: Output.print(JSONValue.object(json(pods)).serializedText(.pretty))
        }
    }

    private func table(_ pods: [Pod], isWide: Bool) -> Table {
        let columns = ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"] + (isWide ? ["IP", "UID"] : [])
        var table = Table(header: columns)
        let now = Timestamp.now()
        for pod in pods {
            let statuses = pod.status.containerStatuses
            let age = pod.status.startTime.map { now.nanosecondsSinceEpoch - $0.nanosecondsSinceEpoch }
            var row = [
                pod.metadata.namespace ?? "", pod.metadata.name ?? "",
                "\(statuses.filter(\.ready).count)/\(pod.spec.containers.count)", PodSummary.status(of: pod),
                String(PodSummary.restarts(of: pod)), age.map(shortAge) ?? "<unknown>",
            ]
            if isWide { row += [pod.status.podIP ?? "<none>", pod.metadata.uid ?? ""] }
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
