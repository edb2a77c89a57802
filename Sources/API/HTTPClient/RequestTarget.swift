package import APIMachinery

extension APIRequest {
    /// Path and query as they stand in a request's first line.
    package var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\(PercentEncoding.encoded($0.name))=\(PercentEncoding.encoded($0.value))" }.joined(separator: "&")
    }
}
