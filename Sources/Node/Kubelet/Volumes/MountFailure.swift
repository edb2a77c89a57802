internal import APIMachinery

/// What a pod worker remembers of volumes that could not be made ready: how soon it tries again, and how often it tells so. Pure.
struct MountFailure: Equatable {
    private static let firstRetry = Duration.milliseconds(250)
    /// What is waited for shows up within a second of its coming.
    private static let longestRetry = Duration.seconds(1)
    private static let tellPeriod = Duration.seconds(10)

    let errors: VolumeErrors
    /// When it was told.
    let toldAt: Timestamp
    /// The events are due now.
    let isToBeTold: Bool
    /// nil: nothing hints at that trying soon might help.
    let retry: Duration?

    init(_ errors: VolumeErrors, after last: MountFailure?, at now: Timestamp) {
        self.errors = errors
        isToBeTold = last.map { $0.errors != errors || now - $0.toldAt >= Self.tellPeriod } ?? true
        toldAt = isToBeTold ? now : last?.toldAt ?? now
        retry = errors.triesAgainSoon ? min((last?.retry).map { $0 * 2 } ?? Self.firstRetry, Self.longestRetry) : nil
    }
}
