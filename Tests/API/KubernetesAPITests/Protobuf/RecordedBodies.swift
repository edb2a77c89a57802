/// Bodies that kubectl 1.33 sent, written by upstream's own code: `create`, `autoscale`, `certificate approve`, `auth`,
/// `debug`. A name, then base64, in which line breaks do not count.
enum RecordedBodies {
    static let text = """
        # configmaps
        azhzAAoPCgJ2MRIJQ29uZmlnTWFwEi8KEgoCY20SABoAIgAqADIAOABCABIGCgFhEgEyEgYKAWISATESCQoFZW1wdHkSABoAIgA=
        # secrets
        azhzAAoMCgJ2MRIGU2VjcmV0EiUKEQoBcxIAGgAiACoAMgA4AEIAEgYKAXkSATISBgoBehIBMRoAGgAiAA==
        # deployments
        azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErIBChsKAWQSABoAIgAqADIAOABCAFoICgNhcHASAWQShAEIAhIKCggKA2FwcBIB
        ZBpsChoKABIAGgAiACoAMgA4AEIAWggKA2FwcBIBZBJOEjAKBW5naW54EgduZ2lueDoxKgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCI
        AQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=
        # jobs
        azhzAAoPCghiYXRjaC92MRIDSm9iEngKEQoBahIAGgAiACoAMgA4AEIAElkyVwoQCgASABoAIgAqADIAOABCABJDEiAKAWoSAXga
        AWEaAWIqAEIAagByAIABAIgBAJABAKIBABoFTmV2ZXIyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBABoIIAAoADAAOgAaACIA
        # cronjobs
        azhzAAoTCghiYXRjaC92MRIHQ3JvbkpvYhKcAQoSCgJjahIAGgAiACoAMgA4AEIAEoMBCgkqICogKiAqICoaACp0ChIKAmNqEgAa
        ACIAKgAyADgAQgASXjJcChAKABIAGgAiACoAMgA4AEIAEkgSIQoCY2oSAXgaBGRhdGUqAEIAagByAIABAIgBAJABAKIBABoJT25G
        YWlsdXJlMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAaABoAIgA=
        # namespaces
        azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhkKEQoBbhIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA==
        # roles
        azhzAAokChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgRSb2xlEjQKEQoBchIAGgAiACoAMgA4AEIAEh8KA2dldAoEbGlz
        dBIAGgRwb2RzGgpjb25maWdtYXBzGgAiAA==
        # clusterroles
        azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtDbHVzdGVyUm9sZRIhChMKA2NyMhIAGgAiACoAMgA4AEIAGgoK
        CAoGCgFhEgFiGgAiAA==
        # rolebindings
        azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtSb2xlQmluZGluZxJ9ChIKAnJiEgAaACIAKgAyADgAQgASJgoE
        VXNlchIZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxoBdSIAEhkKDlNlcnZpY2VBY2NvdW50EgAaAnNhIgFuGiQKGXJiYWMuYXV0
        aG9yaXphdGlvbi5rOHMuaW8SBFJvbGUaAXIaACIA
        # clusterrolebindings
        azhzAAoyChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEhJDbHVzdGVyUm9sZUJpbmRpbmcSawoTCgNjcmISABoAIgAqADIA
        OABCABInCgVHcm91cBIZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxoBZyIAGisKGXJiYWMuYXV0aG9yaXphdGlvbi5rOHMuaW8S
        C0NsdXN0ZXJSb2xlGgFjGgAiAA==
        # resourcequotas
        azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRJNChEKAXESABoAIgAqADIAOABCABI2CgoKA2NwdRIDCgExCg8KBm1lbW9yeRIFCgMx
        R2kKCwoEcG9kcxIDCgEyEgpCZXN0RWZmb3J0GgAaACIA
        # services
        azhzAAoNCgJ2MRIHU2VydmljZRJ6ChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSVwobCgc4MC04MDgwEgNUQ1AYUCIHCAAQ
        kD8aACgAChUKAjUzEgNUQ1AYNSIGCAAQNRoAKAASCAoDYXBwEgFzGgAiCUNsdXN0ZXJJUDoAQgBSAFoAYABoABoCCgAaACIA
        # services 2
        azhzAAoNCgJ2MRIHU2VydmljZRJqCh0KAm5wEgAaACIAKgAyADgAQgBaCQoDYXBwEgJucBJFCiAKCTU2NzgtODA4MBIDVENQGK4s
        IgcIABCQPxoAKLDqARIJCgNhcHASAm5wGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA=
        # services 3
        azhzAAoNCgJ2MRIHU2VydmljZRJMChsKAWUSABoAIgAqADIAOABCAFoICgNhcHASAWUSKRIICgNhcHASAWUaACIMRXh0ZXJuYWxO
        YW1lOgBCAFIDYS5iWgBgAGgAGgIKABoAIgA=
        # ingresses
        azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJsChEKAWkSABoAIgAqADIAOABCABJTCgsiCQoBZBIECgAQUBIP
        Cgdmb28uY29tEgRjZXJ0GjAKB2Zvby5jb20SJQojCiEKBC9iYXISESIPCgNzdmMSCAoEaHR0cBAAGgZQcmVmaXgiAWMaAgoAGgAi
        AA==
        # serviceaccounts
        azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSFAoSCgJzYRIAGgAiACoAMgA4AEIAGgAiAA==
        # priorityclasses
        azhzAAolChRzY2hlZHVsaW5nLms4cy5pby92MRINUHJpb3JpdHlDbGFzcxIyChIKAnBjEgAaACIAKgAyADgAQgAQ6AcYASIBZCoU
        UHJlZW1wdExvd2VyUHJpb3JpdHkaACIA
        # poddisruptionbudgets
        azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSNgoRCgFwEgAaACIAKgAyADgAQgASFQoJCAEQABoDNTAlEggK
        BgoBYRIBYhoKCAAYACAAKAAwABoAIgA=
        # token
        azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIgChAKABIAGgAiACoAMgA4AEIAEgYKAXgg2AQa
        BAoAEgAaACIA
        # horizontalpodautoscalers
        azhzAAopCg5hdXRvc2NhbGluZy92MhIXSG9yaXpvbnRhbFBvZEF1dG9zY2FsZXISXQoRCgFkEgAaACIAKgAyADgAQgASQgoYCgpE
        ZXBsb3ltZW50EgFkGgdhcHBzL3YxEAEYAyIiCghSZXNvdXJjZSIWCgNjcHUSDwoLVXRpbGl6YXRpb24gUBoEGAAgABoAIgA=
        # selfsubjectaccessreviews
        azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPAoQCgASABoAIgAqADIAOABC
        ABIeChwKB2RlZmF1bHQSA2dldBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=
        # selfsubjectrulesreviews
        azhzAAoxChdhdXRob3JpemF0aW9uLms4cy5pby92MRIWU2VsZlN1YmplY3RSdWxlc1JldmlldxIjChAKABIAGgAiACoAMgA4AEIA
        EgkKB2RlZmF1bHQaBBgAIgAaACIA
        # selfsubjectreviews
        azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoE
        CgASABoAIgA=
        # approval
        azhzAAozChZjZXJ0aWZpY2F0ZXMuazhzLmlvL3YxEhlDZXJ0aWZpY2F0ZVNpZ25pbmdSZXF1ZXN0Eq4GCt0DCgRmdWxsEg54LWdl
        bmVyYXRlTmFtZRoHZGVmYXVsdCIKeC1zZWxmTGluayoFeC11aWQyEXgtcmVzb3VyY2VWZXJzaW9uOID4zOKEAkIICKX6zawGEABK
        CAil+s2sBhAAUID4zOKEAloNCgFhEgh4LWxhYmVsc1oOCgJrMRIIeC1sYWJlbHNiEgoBYRINeC1hbm5vdGF0aW9uc2ITCgJrMRIN
        eC1hbm5vdGF0aW9uc2opCgZ4LWtpbmQaBngtbmFtZSIFeC11aWQqDHgtYXBpVmVyc2lvbjABOAFqKQoGeC1raW5kGgZ4LW5hbWUi
        BXgtdWlkKgx4LWFwaVZlcnNpb24wATgBcgx4LWZpbmFsaXplcnNyDHgtZmluYWxpemVyc4oBWwoJeC1tYW5hZ2VyEgt4LW9wZXJh
        dGlvbhoMeC1hcGlWZXJzaW9uIggIpfrNrAYQADIMeC1maWVsZHNUeXBlOgwKCnsiZjphIjp7fX1CDXgtc3VicmVzb3VyY2WKAVsK
        CXgtbWFuYWdlchILeC1vcGVyYXRpb24aDHgtYXBpVmVyc2lvbiIICKX6zawGEAAyDHgtZmllbGRzVHlwZToMCgp7ImY6YSI6e319
        Qg14LXN1YnJlc291cmNlEmYKAnh5Egp4LXVzZXJuYW1lGgV4LXVpZCIIeC1ncm91cHMiCHgtZ3JvdXBzKgh4LXVzYWdlcyoIeC11
        c2FnZXMyCAoBYxIDCgFkMgsKAWsSBgoBYQoBYjoMeC1zaWduZXJOYW1lQAMa4wEKOwoGeC10eXBlEgh4LXJlYXNvbhoJeC1tZXNz
        YWdlIggIpfrNrAYQACoICKX6zawGEAAyCHgtc3RhdHVzCjsKBngtdHlwZRIIeC1yZWFzb24aCXgtbWVzc2FnZSIICKX6zawGEAAq
        CAil+s2sBhAAMgh4LXN0YXR1cwpjCghBcHByb3ZlZBIOS3ViZWN0bEFwcHJvdmUaNVRoaXMgQ1NSIHdhcyBhcHByb3ZlZCBieSBr
        dWJlY3RsIGNlcnRpZmljYXRlIGFwcHJvdmUuIggIrp6G2AYQACoAMgRUcnVlEgJ4eRoAIgA=
        # pods
        azhzAAoJCgJ2MRIDUG9kEs0BCiUKFW5vZGUtZGVidWdnZXItbi10Mmx6axIAGgAiACoAMgA4AEIAEo4BChIKCWhvc3Qtcm9vdBIF
        CgMKAS8SRQoIZGVidWdnZXISB2J1c3lib3gqAEIAShgKCWhvc3Qtcm9vdBAAGgUvaG9zdCIAMgBqAHIAgAEAiAEAkAEAogEERmls
        ZRoFTmV2ZXIyAEIASgBSAW5YAWABaAGCAQCKAQCaAQCyAQ4KABIGRXhpc3RzGgAiAMIBABoTCgAaACIAKgAyAEoAWgByAIgBABoA
        IgA=
        """
}
