package import APIMachinery
internal import KubernetesAPI

extension APIServer {
    /// Looks whether an aggregated API can be served, writes down what it found, and remembers what the server tells of itself.
    ///
    /// - Parameter name: Of the APIService.
    /// - Returns: false when it cannot, and is to be looked at again soon.
    @discardableResult
    package func checkAvailability(of name: String) async throws(Status) -> Bool {
        guard let service = aggregation.service(name), let connector = configuration.backends else {
            if aggregation.remember(nil, of: name) { discovery.invalidate() }
            return true
        }
        let found = try await availability(of: service, connector)
        if !found.isAvailable, var documents = aggregation.documents(of: name) {
            documents.isCurrent = false
            if aggregation.remember(documents, of: name) { discovery.invalidate() }
        }
        try await write(found, of: name)
        return found.isAvailable
    }

    private func availability(
        of service: AggregatedService, _ connector: any BackendConnector
    ) async throws(Status) -> ServiceAvailability {
        let object = try await objects.get("services", namespace: service.namespace, name: service.serviceName)
        let slices = try await objects.list(group: "discovery.k8s.io", "endpointslices", namespace: service.namespace).filter {
            $0.labels["kubernetes.io/service-name"] == service.serviceName
        }
        if let problem = ServiceAvailability.problem(of: service, service: object, slices: slices) { return problem }
        do throws(BackendError) {
            let resources = try await resources(of: service, connector)
            var documents = aggregation.documents(of: service.name) ?? ExtensionDocuments()
            documents.resources = resources
            documents.isCurrent = true
            await readOpenAPI(of: service, into: &documents, connector)
            if aggregation.remember(documents, of: service.name) { discovery.invalidate() }
            return .passed
        } catch {
            return .failedDiscovery(error.description)
        }
    }

    /// What the server serves in its group version. It is asked again when it does not answer at once, as upstream asks five at a time.
    private func resources(
        of service: AggregatedService, _ connector: any BackendConnector
    ) async throws(BackendError) -> [JSONValue] {
        var problem = BackendError("")
        for _ in 0..<Self.discoveryAttempts {
            do throws(BackendError) {
                return try await within(Self.discoveryTimeout, Self.timedOut(service)) { () async throws(BackendError) in
                    try await self.askForResources(of: service, connector)
                }
            } catch {
                problem = error
            }
        }
        throw problem
    }

    private static let discoveryAttempts = 2
    private static let discoveryTimeout = Duration.seconds(5)
    private static let documentBytesMax = 16 << 20

    private static func timedOut(_ service: AggregatedService) -> BackendError {
        let url = "https://\(service.serverName):\(service.port)\(service.root)"
        return BackendError(
            "failing or missing response from \(url): Get \(url.quoted): context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        )
    }

    private func askForResources(
        of service: AggregatedService, _ connector: any BackendConnector
    ) async throws(BackendError) -> [JSONValue] {
        // Upstream checks without proof too: it only wants to know whether somebody answers.
        let unverified = ExtensionTrust(serverName: service.serverName, certificateAuthority: nil)
        let (url, answer) = try await ask(
            service, path: service.root, headers: ["Accept": "application/json"], trust: unverified, connector)
        guard (200..<300).contains(answer.status) else {
            answer.connection.close()
            throw BackendError("failing or missing response from \(url): bad status from \(url): \(answer.status)")
        }
        let body = try await answer.collect(upTo: Self.documentBytesMax)
        return ResourceDiscovery.entries(of: (try? JSONValue(parsing: body)) ?? .null, service)
    }

    /// An answer that does not come in time is none.
    private func within<Result: Sendable>(
        _ limit: Duration, _ late: BackendError, _ work: @escaping @Sendable () async throws(BackendError) -> Result
    ) async throws(BackendError) -> Result {
        let clock = configuration.clock
        let result = await withTaskGroup(of: Swift.Result<Result, BackendError>.self) { group in
            group.addTask { do throws(BackendError) { return .success(try await work()) } catch { return .failure(error) } }
            group.addTask {
                try? await clock.sleep(for: limit)
                return .failure(late)
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failure(late)
        }
        return try result.get()
    }

    private func readOpenAPI(
        of service: AggregatedService, into documents: inout ExtensionDocuments, _ connector: any BackendConnector
    ) async {
        let path = OpenAPIDocuments.path(group: service.group, version: service.version)
        if let index = await document(service, "/openapi/v3", connector)?.json {
            let url = index["paths"]?[path]?["serverRelativeURL"]?.stringValue
            documents.openAPIv3Hash = url.flatMap { url in url.firstRange(of: "hash=").map { String(url[$0.upperBound...]) } }
        }
        guard let answer = await document(service, "/openapi/v2", tag: documents.openAPIv2Tag, connector), let json = answer.json else {
            return
        }
        documents.openAPIv2 = ExtensionOpenAPI.part(of: json, service)
        documents.openAPIv2Tag = answer.tag
    }

    /// - Returns: nil when it has none, or the one that is known already; both cost it nothing but this.
    private func document(
        _ service: AggregatedService, _ path: String, tag: String? = nil, _ connector: any BackendConnector
    ) async -> (json: JSONValue?, tag: String?)? {
        var headers: HTTPHeaders = ["Accept": "application/json"]
        if let tag { headers["If-None-Match"] = tag }
        let asked = headers
        let late = BackendError("context deadline exceeded")
        return try? await within(Self.discoveryTimeout, late) { () async throws(BackendError) in
            let answer = try await self.ask(service, path: path, headers: asked, connector).answer
            guard answer.status == 200 else {
                answer.connection.close()
                throw late
            }
            let body = try await answer.collect(upTo: Self.documentBytesMax)
            return (try? JSONValue(parsing: body), answer.headers["ETag"])
        }
    }

    private func write(_ found: ServiceAvailability, of name: String) async throws(Status) {
        guard let resource = registry.resource(group: Aggregation.group, version: "v1", plural: Aggregation.plural),
            let present = try await objects.get(group: Aggregation.group, Aggregation.plural, name: name)
        else { return }
        let now = configuration.now().truncatedToSeconds
        guard found.status(in: present["status"], now: now) != present["status"] else { return }
        let request = APIRequest(method: "PUT", path: "/apis/\(Aggregation.group)/v1/\(Aggregation.plural)/\(name)/status")
        var context = RequestContext(
            request: request, info: RequestInfo(request), caller: .system, resource: resource, now: now)
        var options = WriteOptions()
        options.fieldManager = "kube-apiserver"
        let update = ObjectUpdate(name: name, subresource: "status", options: options) { old, _ throws(Status) in
            var object = old
            object["status"] = found.status(in: old["status"], now: now)
            return object
        }
        do throws(Status) { _ = try await perform(update, &context) } catch  where error.reason == .notFound {}
    }
}
