# SPDX-License-Identifier: BSD-3-Clause
# make fuzz: each target is fuzz_NAME.c, built with clang against the host's sources with address
# and undefined-behaviour checks, and run for FUZZ_SECONDS from the seeds in its folder. Finds land
# in the build directory as crash-*.

FUZZ_CC = clang
FUZZ_CFLAGS = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
  -fno-sanitize-recover=undefined
fuzz_cppflags = -DHAVE_CONFIG_H $(DEFAULT_INCLUDES) $(libthwcore_la_CPPFLAGS)
fuzz_core = $(patsubst %.c,fuzz-obj/%.o,$(filter %.c,$(libthwcore_la_SOURCES)))
fuzz_link = $(LIBTOOL) $(AM_V_lt) --tag=CC --mode=link $(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer
# The search runs twenty times faster without the leak detector; the corpus is replayed under it.
fuzz_search = ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
fuzz_replay = ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 \
  LSAN_OPTIONS=suppressions='$(abs_top_srcdir)/tests/lsan.supp':print_suppressions=0

fuzz-obj/%.o: %.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CC)$(FUZZ_CC) -std=gnu11 $(fuzz_cppflags) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link \
	  -c -o $@ $<

fuzz_config: fuzz-obj/%D%/fuzz_config.o fuzz-obj/tests/unit/toys.o $(fuzz_core)
	$(AM_V_CCLD)$(fuzz_link) -o $@ $^ $(libthwcore_la_LIBADD) $(LIBS)
fuzz-config: fuzz_config
	@$(MKDIR_P) fuzz-corpus/config
	$(fuzz_search) ./fuzz_config -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	  -dict='$(srcdir)/%D%/config.dict' fuzz-corpus/config '$(srcdir)/%D%/config' </dev/null
	$(fuzz_replay) ./fuzz_config -runs=0 fuzz-corpus/config </dev/null
.PHONY: fuzz-config
fuzz_targets += fuzz-config
CLEANFILES += fuzz_config
clean-local:
	rm -rf fuzz-obj fuzz-corpus

EXTRA_DIST += \
  %D%/config.dict \
  %D%/config/all.cfg \
  %D%/config/small.cfg \
  %D%/fuzz_config.c
