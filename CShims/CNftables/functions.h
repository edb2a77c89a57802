// F(result, name, parameters, arguments): every function of libnftables that is used. The compiler compares them with libnftables.h.
#define C struct nft_ctx *context
F(struct nft_ctx *, nft_ctx_new, (uint32_t flags), (flags))
F(void, nft_ctx_free, (C), (context))
F(int, nft_ctx_buffer_output, (C), (context))
F(int, nft_ctx_buffer_error, (C), (context))
F(const char *, nft_ctx_get_output_buffer, (C), (context))
F(const char *, nft_ctx_get_error_buffer, (C), (context))
F(void, nft_ctx_output_set_flags, (C, unsigned int flags), (context, flags))
F(int, nft_run_cmd_from_buffer, (C, const char *commands), (context, commands))
#undef C
