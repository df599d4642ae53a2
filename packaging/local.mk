# SPDX-License-Identifier: BSD-3-Clause
pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = %D%/thalweg.pc

# Where both shells look without being told. bash wants a file named like the program.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
dist_zshcomp_DATA = %D%/completion/_thalweg
EXTRA_DIST += %D%/completion/thalweg.bash
install-completion:
	$(MKDIR_P) "$(DESTDIR)$(bashcompdir)"
	$(INSTALL_DATA) "$(srcdir)/packaging/completion/thalweg.bash" \
	  "$(DESTDIR)$(bashcompdir)/thalweg"
install-data-local: install-completion
uninstall-local:
	rm -f "$(DESTDIR)$(bashcompdir)/thalweg"
.PHONY: install-completion

# What `thalweg new` writes is part of the program: nothing to find at run time, installed or not.
template_files = \
  %D%/template/Makefile.plugin \
  %D%/template/README.md \
  %D%/template/model.c \
  %D%/template/model.cfg \
  %D%/template/optimizer.c \
  %D%/template/optimizer.cfg \
  %D%/template/oracle.c \
  %D%/template/oracle.cfg \
  %D%/template/source.c \
  %D%/template/source.cfg \
  %D%/template/test.svm
EXTRA_DIST += $(template_files)
BUILT_SOURCES += core/cli/templates.inc
CLEANFILES += core/cli/templates.inc
core/cli/new.o: core/cli/templates.inc
core/cli/templates.inc: $(template_files)
	$(AM_V_GEN)$(MKDIR_P) core/cli && \
	for f in $(template_files); do \
	  b=`basename $$f | tr .- __`; \
	  echo "static const char *const text_$$b[] = {"; \
	  sed -e 's/[\\"]/\\&/g' -e 's/.*/  "&\\n",/' "$(srcdir)/$$f" || exit 1; \
	  echo '  NULL};'; \
	done >$@.tmp && mv $@.tmp $@
