internal import ImageStore

// The module has the name of its main type, so its other types cannot be told from those of other modules by its name.
typealias StoredImage = Image
typealias StoredUser = ResolvedUser
