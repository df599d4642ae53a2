# SPDX-License-Identifier: BSD-3-Clause
# The readers of the sources, each with its seeds in the folder of its name.

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
$(fuzz_readers:%=fuzz-%): fuzz-%: fuzz_%
	@$(MKDIR_P) fuzz-corpus/$*
	$(fuzz_run) ./$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
	  fuzz-corpus/$* '$(srcdir)/%D%/$*' </dev/null
.PHONY: $(fuzz_readers:%=fuzz-%)
fuzz_targets += $(fuzz_readers:%=fuzz-%)
CLEANFILES += $(fuzz_readers:%=fuzz_%)

EXTRA_DIST += \
  %D%/csv \
  %D%/fuzz.h \
  %D%/fuzz_arrays.h \
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
