# SPDX-License-Identifier: BSD-3-Clause
# make fuzz: each target is fuzz_NAME.c, built with clang with address and undefined-behaviour
# checks against the sources it tests, and run for FUZZ_SECONDS from the seeds in the folder NAME.
# What it finds lands in the build directory as crash-*; what it learns, in fuzz-corpus.

FUZZ_CC = clang
FUZZ_CFLAGS = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
  -fno-sanitize-recover=undefined
fuzz_cppflags = -DHAVE_CONFIG_H $(DEFAULT_INCLUDES) $(libthwcore_la_CPPFLAGS)
fuzz_link = $(LIBTOOL) $(AM_V_lt) --tag=CC --mode=link $(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer
# The search runs twenty times faster without the leak detector; the corpus is replayed under it.
fuzz_search = ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
fuzz_replay = ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 \
  LSAN_OPTIONS=suppressions='$(abs_top_srcdir)/tests/lsan.supp':print_suppressions=0

fuzz-obj/%.o: %.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CC)$(FUZZ_CC) -std=gnu11 $(fuzz_cppflags) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link \
	  -c -o $@ $<

# The host's readers: pipelines and checkpoints.
fuzz_host = checkpoint config
fuzz_core = $(patsubst %.c,fuzz-obj/%.o,$(filter %.c,$(libthwcore_la_SOURCES)))
fuzz_config: fuzz-obj/tests/unit/toys.o
$(fuzz_host:%=fuzz_%): fuzz_%: fuzz-obj/%D%/fuzz_%.o $(fuzz_core) $(libthwcore_la_DEPENDENCIES)
	$(AM_V_CCLD)$(fuzz_link) -o $@ $(filter %.o,$^) $(libthwcore_la_LIBADD) $(LIBS)
fuzz_options_config = -dict='$(srcdir)/%D%/config.dict'

# The readers of the sources.
fuzz_readers = csv gzip idx npy number svmlight
fuzz_data = $(patsubst %.c,fuzz-obj/%.o,$(filter %.c,$(libthwdata_la_SOURCES)))
fuzz_csv: \
  fuzz-obj/plugins/sources/csv/columns.o \
  fuzz-obj/plugins/sources/csv/reader.o \
  fuzz-obj/plugins/sources/csv/scan.o
fuzz_idx: fuzz-obj/plugins/sources/idx/idx.o
fuzz_svmlight: \
  fuzz-obj/plugins/sources/svmlight/parse.o \
  fuzz-obj/plugins/sources/svmlight/reader.o
$(fuzz_readers:%=fuzz_%): fuzz_%: fuzz-obj/%D%/fuzz_%.o $(fuzz_data)
	$(AM_V_CCLD)$(fuzz_link) -o $@ $^ $(ZLIB_LIBS) $(LIBM)

fuzz_names = $(fuzz_host) $(fuzz_readers)
$(fuzz_names:%=fuzz-%): fuzz-%: fuzz_%
	@$(MKDIR_P) fuzz-corpus/$*
	$(fuzz_search) ./$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	  -max_len=4096 $(fuzz_options_$*) fuzz-corpus/$* '$(srcdir)/%D%/$*' </dev/null
	$(fuzz_replay) ./$< -runs=0 fuzz-corpus/$* '$(srcdir)/%D%/$*' </dev/null
.PHONY: $(fuzz_names:%=fuzz-%)
fuzz_targets += $(fuzz_names:%=fuzz-%)
CLEANFILES += $(fuzz_names:%=fuzz_%)
clean-local:
	rm -rf fuzz-obj fuzz-corpus

EXTRA_DIST += \
  %D%/checkpoint \
  %D%/config \
  %D%/config.dict \
  %D%/csv \
  %D%/fuzz.h \
  %D%/fuzz_arrays.h \
  %D%/fuzz_checkpoint.c \
  %D%/fuzz_config.c \
  %D%/fuzz_csv.c \
  %D%/fuzz_gzip.c \
  %D%/fuzz_idx.c \
  %D%/fuzz_npy.c \
  %D%/fuzz_number.c \
  %D%/fuzz_svmlight.c \
  %D%/gzip \
  %D%/idx \
  %D%/npy \
  %D%/number \
  %D%/svmlight
