package import APIMachinery

/// What `/version` answers: the version of Kubernetes whose behaviour is followed.
package enum ServerVersion {
    package static let json: JSONObject = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.2+swiftlet", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "swift", "platform": .string(platform),
    ]

    /// Go's names of operating system and architecture.
    private static var platform: String {
        #if arch(arm64)
            "linux/arm64"
        #else
            "linux/amd64"
        #endif
    }
}
