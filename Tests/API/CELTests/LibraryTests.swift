import APIMachinery
@testable import CEL
import Testing

@Suite struct LibraryTests {
    @Test(arguments: [
        ("'tacocat'.charAt(3)", "\"o\""), ("'tacocat'.charAt(7)", "\"\""), ("'tacocat'.charAt(8)", "! index out of range: 8"),
        ("'äbä'.indexOf('ä', 1)", "2"), ("'abc'.indexOf('')", "0"), ("'abc'.indexOf('z')", "-1"),
        ("'abc'.indexOf('c', 9)", "! index out of range: 9"),
        ("'abcabc'.lastIndexOf('b')", "4"), ("'abcabc'.lastIndexOf('b', 3)", "1"), ("'abc'.lastIndexOf('')", "3"),
        ("['a', 'b'].join('-')", "\"a-b\""),
        ("['a', 'b'].join()", "\"ab\""), ("'TacÖ'.lowerAscii()", "\"tacÖ\""), ("'tacö'.upperAscii()", "\"TACö\""),
        ("'aaa'.replace('a', 'b', 2)", "\"bba\""),
        ("'aaa'.replace('aa', 'b')", "\"ba\""), ("'ab'.replace('', '_')", "\"_a_b_\""), ("'ab'.replace('', '_', 2)", "\"_a_b\""),
        ("'a,b,c'.split(',')", "[\"a\", \"b\", \"c\"]"),
        ("'a,b,c'.split(',', 2)", "[\"a\", \"b,c\"]"), ("'a,b'.split(',', 0)", "[]"), ("'a,b'.split(',', -1)", "[\"a\", \"b\"]"),
        ("'äb'.split('')", "[\"ä\", \"b\"]"),
        ("'abc'.split('', 2)", "[\"a\", \"bc\"]"), ("'tacocat'.substring(4)", "\"cat\""), ("'tacocat'.substring(0, 4)", "\"taco\""),
        ("'abc'.substring(2, 1)", "! invalid substring range. start: 2, end: 1"), ("'abc'.substring(4)", "! index out of range: 4"),
        ("' \\t a b \\n'.trim()", "\"a b\""),
        ("'gums'.reverse()", "\"smug\""), ("strings.quote('a\"b\\n')", #""\"a\\\"b\\n\"""#), ("'hello'.contains('ell')", "true"),
        ("'hello'.endsWith('lo')", "true"),
        ("'e\\u0301' == '\\u00e9'", "false"), ("'%s is %d'.format(['x', 5])", "\"x is 5\""),
        ("'%.2f %e'.format([1.005, 1500.0])", "\"1.00 1.500000e+03\""),
        ("'%x %X %o %b %b'.format([255, 'hi', 8, 5, true])", "\"ff 6869 10 101 1\""),
        ("'%s %s'.format([[1, 2], {'b': 1, 'a': null}])", "\"[1, 2] {a: null, b: 1}\""),
        ("'%%'.format([])", "\"%\""), ("'%d'.format([])", "! error during formatting: index 0 out of range"),
        ("'%q'.format([1])", "! error during formatting: could not parse formatting clause: unrecognized formatting clause \"q\""),
    ])
    func `texts`(source: String, expected: String) { #expect(evaluated(source, uniform: false) == expected) }

    @Test(arguments: [
        ("'abc'.matches('b')", "true"), ("'abc'.matches('^b')", "false"), ("matches('abc', '^a.c$')", "true"),
        ("'foo123'.matches('^[a-z]+\\\\d{3}$')", "true"),
        ("'a b'.matches('\\\\ba\\\\b')", "true"), ("'ABC'.matches('(?i)^abc$')", "true"), ("'a\\nb'.matches('a.b')", "false"),
        ("'a\\nb'.matches('(?s)a.b')", "true"),
        ("'a\\nb'.matches('(?m)^b$')", "true"), ("'äöü'.matches('^\\\\pL+$')", "true"), ("'a-b'.matches('^[\\\\w-]+$')", "true"),
        ("']'.matches('[]]')", "true"),
        ("'x'.matches('[^[:digit:]]')", "true"), ("'aab'.find('a+?')", "\"a\""),
        ("'abc 123 def 45'.findAll('[0-9]+')", "[\"123\", \"45\"]"),
        ("'abc 123 def 45'.findAll('[0-9]+', 1)", "[\"123\"]"), ("'abc'.find('x')", "\"\""), ("'foobar'.find('foo|foobar')", "\"foo\""),
        ("'baab'.findAll('a*')", "[\"\", \"aa\", \"\"]"),
        ("'a.b'.matches('^a\\\\.b$')", "true"), ("'a{b'.matches('a{b')", "true"), ("'x'.matches('(?P<n>x)')", "true"),
        ("'aXbX'.find('a.*?X')", "\"aX\""),
        ("'x'.matches('\\\\x78')", "true"), ("'a+b'.matches('\\\\Qa+b\\\\E')", "true"), ("'K'.matches('(?i)\\u212a')", "true"),
        ("'x'.matches('(')", "! error parsing regexp: missing closing ): `(`"),
        ("'x'.matches('*')", "! error parsing regexp: missing argument to repetition operator: `*`"),
        ("'x'.matches('[a')", "! error parsing regexp: missing closing ]: `[a`"),
        ("'x'.matches('a**')", "! error parsing regexp: invalid nested repetition operator: `**`"),
        ("'x'.matches('a{1001}')", "! error parsing regexp: invalid repeat count: `{1001}`"),
        ("'x'.matches('(?=a)')", "! error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
        ("'x'.matches('[z-a]')", "! error parsing regexp: invalid character class range: `z-a`"),
        ("'x'.matches('\\\\y')", "! error parsing regexp: invalid escape sequence: `\\y`"),
    ])
    func `patterns`(source: String, expected: String) { #expect(evaluated(source) == expected) }

    @Test func `a pattern takes no more than linear time`() throws {
        let text = String(repeating: "a", count: 2_000)
        for pattern in ["(a*)*b", "(a|aa)+$x", "(a|a?)+b", "(.*)(.*)(.*)(.*)b", "((a{0,30}){0,30})b"] {
            #expect(try PatternProgram(pattern).isFound(in: text) == false)
        }
        #expect(throws: RegexError.self) { try PatternProgram("((a{0,100}){0,100}){0,100}") }
        #expect(throws: RegexError.self) { try PatternProgram(String(repeating: "(", count: 5_000)) }
    }

    @Test(arguments: [
        ("[1, 2, 3].sum()", "6"), ("[1.5, 2.5].sum()", "4.0"), ("[].sum() == 0", "true"), ("[duration('1s'), duration('2s')].sum()", "3s"),
        ("[3, 1, 2].min()", "1"),
        ("['b', 'c', 'a'].max()", "\"c\""), ("[].map(x, 1).min()", "! min called on empty list"), ("[1, 2, 2].isSorted()", "true"),
        ("['b', 'a'].isSorted()", "false"),
        ("[1, 2, 1].indexOf(1)", "0"), ("[1, 2, 1].lastIndexOf(1)", "2"), ("[1].indexOf(7)", "-1"), ("[1, 2, 3, 4].slice(1, 3)", "[2, 3]"),
        ("[1, 2].slice(0, 5)", "! cannot slice(0, 5), list is length 2"), ("[[1], [2, 3]].flatten()", "[1, 2, 3]"),
        ("[1, [2, [3]]].flatten(1)", "[1, 2, [3]]"), ("[1, 2, 1, 2].distinct()", "[1, 2]"),
        ("[3, 1, 2].sort()", "[1, 2, 3]"), ("['bb', 'a'].sortBy(x, size(x))", "[\"a\", \"bb\"]"), ("[1, 2].reverse()", "[2, 1]"),
        ("lists.range(3)", "[0, 1, 2]"),
        ("lists.range(9223372036854775807)", "! operation cancelled: actual cost limit exceeded"), ("[1, 2].first()", "optional(1)"),
        ("[].last()", "optional.none()"), ("[1, 2].last().value()", "2"),
        ("math.greatest(1, 5, 3)", "5"), ("math.least([2.5, 1.5])", "1.5"), ("math.ceil(1.2)", "2.0"), ("math.round(-1.5)", "-2.0"),
        ("math.trunc(-1.7)", "-1.0"), ("math.abs(-3)", "3"),
        ("math.sign(-3)", "-1"), ("math.isNaN(0.0 / 0.0)", "true"), ("math.bitAnd(6, 3)", "2"), ("math.bitShiftLeft(1, 4)", "16"),
        ("math.bitShiftRight(-1, 63)", "1"), ("math.bitShiftLeft(1, 64)", "0"), ("math.sqrt(16)", "4.0"),
        ("sets.contains([1, 2, 3], [2, 3])", "true"), ("sets.equivalent([1, 2, 2], [2, 1])", "true"),
        ("sets.intersects([1, 2], [3])", "false"),
        ("base64.encode(b'hello')", "\"aGVsbG8=\""), ("base64.decode('aGVsbG8')", "b\"hello\""),
        ("base64.decode('*')", "! illegal base64 data at input byte 0"),
    ])
    func `lists, numbers, sets and encodings`(source: String, expected: String) { #expect(evaluated(source, uniform: false) == expected) }

    @Test(arguments: [
        ("int('-5')", "-5"), ("int(5u)", "5"), ("int(1.9)", "1"), ("int('x')", "! strconv.ParseInt: parsing \"x\": invalid syntax"),
        ("int(1e19)", "! integer overflow"),
        ("int('9223372036854775808')", "! strconv.ParseInt: parsing \"9223372036854775808\": value out of range"),
        ("uint(-1)", "! unsigned integer overflow"), ("uint('7')", "7u"), ("double('1.5')", "1.5"), ("double(2)", "2.0"),
        ("string(1.0)", "\"1\""), ("string(1000000.0)", "\"1e+06\""), ("string(0.1)", "\"0.1\""), ("string(1e-5)", "\"1e-05\""),
        ("string(123456.5)", "\"123456.5\""), ("string(true)", "\"true\""),
        ("string(b'abc')", "\"abc\""), ("string(b'\\xff')", "! invalid UTF-8 in bytes, cannot convert to string"), ("bool('TRUE')", "true"),
        ("bool('x')", "! strconv.ParseBool: parsing \"x\": invalid syntax"),
        ("string(timestamp('2023-01-02T03:04:05.5Z'))", "\"2023-01-02T03:04:05.5Z\""),
        ("timestamp('2023-01-02T03:04:05+01:00')", "2023-01-02T02:04:05Z"), ("timestamp(0)", "1970-01-01T00:00:00Z"),
        ("string(duration('1h30m'))", "\"5400s\""), ("duration('1.5s').getMilliseconds()", "1500"), ("duration('90m').getHours()", "1"),
        ("duration('x')", "! time: invalid duration \"x\""),
        ("timestamp('2023-01-02T03:04:05Z') + duration('1h')", "2023-01-02T04:04:05Z"),
        ("timestamp('2023-01-02T00:00:00Z') - timestamp('2023-01-01T00:00:00Z')", "86400s"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "! timestamp overflow"),
        ("duration('9223372036s') + duration('9223372036s')", "! duration overflow"), ("-duration('1s')", "-1s"),
        ("timestamp('2023-02-03T04:05:06.789Z').getFullYear()", "2023"), ("timestamp('2023-02-03T04:05:06Z').getMonth()", "1"),
        ("timestamp('2023-02-03T04:05:06Z').getDate()", "3"),
        ("timestamp('2023-02-03T04:05:06Z').getDayOfMonth()", "2"), ("timestamp('2023-02-03T04:05:06Z').getDayOfYear()", "33"),
        ("timestamp('2023-02-03T04:05:06Z').getDayOfWeek()", "5"),
        ("timestamp('2023-02-03T04:05:06.789Z').getMilliseconds()", "789"), ("timestamp('2023-02-03T04:05:06Z').getHours('-08:00')", "20"),
        ("timestamp('2023-02-03T04:05:06Z').getHours('02:30')", "6"),
        ("timestamp('2023-02-03T04:05:06Z').getHours('No/Where')", "! unknown time zone No/Where"),
        ("timestamp('1900-01-01T00:00:00Z').getDayOfWeek()", "1"),
        ("timestamp('2020-01-01T00:00:00Z') < timestamp('2021-01-01T00:00:00Z')", "true"), ("int(timestamp('1970-01-01T00:01:00Z'))", "60"),
    ])
    func `conversions and times`(source: String, expected: String) { #expect(evaluated(source) == expected) }

    @Test(
        .enabled(if: ZoneFile.read("Europe/Berlin") != nil, "this machine has no time zone database"),
        arguments: [
            ("2023-01-15T12:00:00Z", "Europe/Berlin", 13), ("2023-07-15T12:00:00Z", "Europe/Berlin", 14),
            ("2150-01-15T12:00:00Z", "Europe/Berlin", 13),
            ("2150-07-15T12:00:00Z", "Europe/Berlin", 14), ("2023-03-26T00:59:59Z", "Europe/Berlin", 1),
            ("2023-03-26T01:00:00Z", "Europe/Berlin", 3),
            ("2150-07-15T12:00:00Z", "Australia/Sydney", 22), ("2150-01-15T12:00:00Z", "Australia/Sydney", 23),
            ("2023-07-15T12:00:00Z", "America/New_York", 8),
        ])
    func `time zones by name`(time: String, zone: String, hours: Int) {
        #expect(evaluated("timestamp('\(time)').getHours('\(zone)')") == "\(hours)")
    }

    @Test(arguments: [
        ("quantity('1.5Gi').isGreaterThan(quantity('1G'))", "true"), ("quantity('500m').add(quantity('1')) == quantity('1.5')", "true"),
        ("quantity('10').sub(3).asInteger()", "7"),
        ("quantity('500m').asInteger()", "! cannot convert value to integer"), ("isQuantity('1x')", "false"),
        ("quantity('-5').sign()", "-1"), ("quantity('50k').asApproximateFloat()", "50000.0"),
        ("quantity('1Mi').compareTo(quantity('1Mi'))", "0"), ("quantity('500m').isInteger()", "false"),
        ("quantity('a')", "! quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ("url('https://user@example.com:80/a b?x=1&x=2&y=%20').getHost()", "\"example.com:80\""),
        ("url('https://[::1]:80/path').getHostname()", "\"::1\""), ("url('https://[::1]:80/path').getPort()", "\"80\""),
        ("url('https://example.com/a b').getEscapedPath()", "\"/a%20b\""),
        ("url('https://e.com/?x=1&x=2&y=%20').getQuery()", "{\"x\": [\"1\", \"2\"], \"y\": [\" \"]}"), ("url('/path').getScheme()", "\"\""),
        ("isURL('https://a:b/')", "false"), ("isURL('../rel')", "false"), ("isURL('https://example.com')", "true"),
        ("url('https://a.b/c') == url('https://a.b/c')", "true"),
        ("ip('10.0.0.1').family()", "4"), ("ip('::1').isLoopback()", "true"), ("isIP('::ffff:1.2.3.4')", "false"),
        ("isIP('fe80::1%eth0')", "false"), ("ip.isCanonical('2001:DB8::1')", "false"), ("ip.isCanonical('2001:db8::1')", "true"),
        ("ip('224.0.0.1').isLinkLocalMulticast()", "true"), ("ip('169.254.1.1').isLinkLocalUnicast()", "true"),
        ("ip('8.8.8.8').isGlobalUnicast()", "true"), ("string(ip('::0001'))", "\"::1\""), ("ip('1.2.3.4') == ip('1.2.3.4')", "true"),
        ("cidr('192.168.0.0/16').containsIP('192.168.10.1')", "true"), ("cidr('192.168.0.0/16').containsIP(ip('10.0.0.1'))", "false"),
        ("cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", "true"),
        ("cidr('10.0.0.0/8').containsCIDR(cidr('0.0.0.0/0'))", "false"), ("string(cidr('192.168.1.7/24').masked())", "\"192.168.1.0/24\""),
        ("cidr('10.0.0.0/8').prefixLength()", "8"), ("cidr('10.0.0.7/8').ip() == ip('10.0.0.7')", "true"),
        ("isCIDR('10.0.0.0/33')", "false"),
        ("format.dns1123Label().validate('my-name').hasValue()", "false"), ("format.dns1123Label().validate('My').value().size()", "1"),
        ("format.named('uuid').hasValue()", "true"), ("format.named('nope').hasValue()", "false"),
        ("format.uuid().validate('123e4567-e89b-12d3-a456-426614174000')", "optional.none()"),
        ("format.date().validate('2023-13-01').value()", "[\"invalid date\"]"),
        ("semver('1.2.3').major()", "1"), ("semver('1.2.3-alpha').isLessThan(semver('1.2.3'))", "true"), ("isSemver('1.2')", "false"),
        ("semver('v1.2', true).compareTo(semver('1.2.0'))", "0"), ("semver('1.10.0').isGreaterThan(semver('1.9.0'))", "true"),
        ("type(quantity('1')) == type(quantity('2'))", "true"),
    ])
    func `Kubernetes' own types`(source: String, expected: String) { #expect(evaluated(source) == expected) }
}
