/// All functions that expressions may call.
enum Libraries {
    static let all: FunctionTable = {
        var table = FunctionTable()
        addOperators(&table)
        addArithmetic(&table)
        addTimeArithmetic(&table)
        addBasics(&table)
        addConversions(&table)
        addTimes(&table)
        addOptionals(&table)
        addPatterns(&table)
        addStrings(&table)
        addLists(&table)
        addMath(&table)
        addSets(&table)
        addEncodings(&table)
        addQuantities(&table)
        addURLs(&table)
        addAddresses(&table)
        addFormats(&table)
        addVersions(&table)
        addAuthorizer(&table)
        return table
    }()
}
