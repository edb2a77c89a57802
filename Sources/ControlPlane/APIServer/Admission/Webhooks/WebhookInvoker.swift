internal import APIMachinery

/// What asking one webhook came to.
enum WebhookOutcome: Sendable {
    case allowed
    /// Allowed, with a JSON patch on what was shown.
    case patched([UInt8])
    /// The webhook said no, or must not be asked.
    case refused(Status)
    /// It could not be asked, or answered nonsense: its failurePolicy decides.
    case failed(String)
}

/// What a webhook said.
struct WebhookVerdict: Sendable {
    var outcome: WebhookOutcome
    var warnings: [String] = []
    var auditAnnotations: [(key: String, value: String)] = []
}

/// Asks one webhook about one request.
struct WebhookInvoker: Sendable {
    let caller: any WebhookCaller
    let metrics: WebhookMetrics

    func ask(
        _ invocation: WebhookInvocation, _ attributes: AdmissionAttributes, _ objects: ObjectReader, isMutating: Bool
    ) async -> WebhookVerdict {
        let webhook = invocation.webhook
        guard !attributes.isDryRun || webhook.allowsDryRun else {
            return WebhookVerdict(
                outcome: .refused(.badRequest("admission webhook \(webhook.name.quoted) does not support dry run")))
        }
        let start = ContinuousClock.now
        let verdict = await call(invocation, attributes, objects, isMutating: isMutating)
        metrics.asked(
            webhook, attributes.operation, isMutating: isMutating, verdict.outcome, took: ContinuousClock.now - start)
        return verdict
    }

    private func call(
        _ invocation: WebhookInvocation, _ attributes: AdmissionAttributes, _ objects: ObjectReader, isMutating: Bool
    ) async -> WebhookVerdict {
        let webhook = invocation.webhook
        guard let version = webhook.reviewVersion else {
            return Self.failed(
                webhook,
                "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)")
        }
        let view = WebhookView(invocation.matched, attributes, objects, isMutating: isMutating)
        var request = AdmissionReviewRequest(version: version, uid: UID.random().description, matched: invocation.matched)
        do throws(Status) {
            if let object = attributes.object { request.object = try await view.shown(object) }
            if let old = attributes.old { request.old = try await view.shown(old) }
        } catch {
            return Self.failed(webhook, "could not convert the object: \(error.message)")
        }
        do throws(WebhookCallError) {
            let endpoint = try await WebhookLocation(objects: objects).endpoint(of: webhook.client, timeoutSeconds: webhook.timeoutSeconds)
            let body = JSONValue.object(request.json(attributes)).serialized()
            let answer = try await post(body, to: endpoint, webhook)
            return try verdict(answer, on: request, webhook, isMutating: isMutating)
        } catch {
            return Self.failed(webhook, "failed to call webhook: \(error)")
        }
    }

    private func post(
        _ body: [UInt8], to endpoint: WebhookEndpoint, _ webhook: Webhook
    ) async throws(WebhookCallError) -> WebhookAnswer {
        do throws(WebhookCallError) {
            return try await caller.post(body, to: endpoint, timeout: .seconds(webhook.timeoutSeconds))
        } catch {
            throw WebhookCallError("Post \(endpoint.url.quoted): \(error)")
        }
    }

    private func verdict(
        _ answer: WebhookAnswer, on request: AdmissionReviewRequest, _ webhook: Webhook, isMutating: Bool
    ) throws(WebhookCallError) -> WebhookVerdict {
        let review = try answer.review
        let response: AdmissionReviewResponse
        do throws(AdmissionReviewResponse.Problem) {
            response = try AdmissionReviewResponse(review, to: request, isMutating: isMutating)
        } catch {
            return Self.failed(webhook, "received invalid webhook response: \(error.text)")
        }
        var verdict = WebhookVerdict(outcome: .allowed, warnings: response.warnings)
        verdict.auditAnnotations = response.auditAnnotations.map { ("\(webhook.name)/\($0.key)", $0.value) }
        if !response.isAllowed {
            verdict.outcome = .refused(.denied(by: webhook.name, response.result))
        } else if let patch = response.patch {
            verdict.outcome = .patched(patch)
        }
        return verdict
    }

    private static func failed(_ webhook: Webhook, _ why: String) -> WebhookVerdict {
        WebhookVerdict(outcome: .failed("failed calling webhook \(webhook.name.quoted): \(why)"))
    }
}

extension Status {
    /// A webhook's refusal, after upstream's webhookerrors.ToStatusErr: a refusal is an error, whatever code the webhook gave it.
    static func denied(by webhook: String, _ result: JSONValue?) -> Status {
        var json = result ?? .object(JSONObject())
        json["kind"] = "Status"
        json["apiVersion"] = "v1"
        var status = Status(json: json) ?? Status(code: 400, reason: .unknown, message: "")
        status.isSuccess = false
        status.code = max(status.code, 400)
        let denied = "admission webhook \(webhook.quoted) denied the request"
        if !status.message.isEmpty {
            status.message = "\(denied): \(status.message)"
        } else if status.reason != .unknown {
            status.message = "\(denied): \(status.reason.rawValue)"
        } else {
            status.message = "\(denied) without explanation"
        }
        return status
    }
}

extension WebhookAnswer {
    /// The AdmissionReview in the body.
    ///
    /// - Throws: For an answer that is an error or no object, in the words of client-go.
    var review: JSONValue {
        get throws(WebhookCallError) {
            guard (200...206).contains(status) else { throw WebhookCallError(errorText) }
            do throws(JSONError) {
                return try JSONValue(parsing: body)
            } catch {
                throw WebhookCallError("couldn't get version/kind; json parse error: \(error.goText(in: body))")
            }
        }
    }

    private var errorText: String {
        if let json = try? JSONValue(parsing: body), let given = Status(json: json), !given.isSuccess { return given.message }
        switch status {
        case 400: return "the server rejected our request for an unknown reason"
        case 401: return "the server has asked for the client to provide credentials"
        case 403, 415: return text
        case 404: return "the server could not find the requested resource"
        case 405: return "the server does not allow this method on the requested resource"
        case 406: return text == "unknown" ? "the server was unable to respond with a content type that the client supports" : text
        case 409: return "the server reported a conflict"
        case 422: return "the server rejected our request due to an error in our request"
        case 429: return "the server has received too many requests and has asked us to try again later"
        case 503: return "the server is currently unable to handle the request"
        case 504: return "the server was unable to return a response in the time allotted, but may still be processing the request"
        case 500...: return "an error on the server (\(text.quoted)) has prevented the request from succeeding"
        default: return "the server responded with the status code \(status) but did not return more information"
        }
    }

    /// What a person may have written for persons; bounded, since it comes from outside.
    private var text: String {
        guard contentType.isEmpty || contentType.hasPrefix("text/") else { return "unknown" }
        let bytes = body.prefix(2048).drop { $0 <= 0x20 }
        return String(decoding: bytes.prefix(bytes.count - bytes.reversed().prefix { $0 <= 0x20 }.count), as: UTF8.self)
    }
}
