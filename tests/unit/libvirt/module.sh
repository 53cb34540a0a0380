#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# module.sh: the module seen as the dynamic linker sees it
#
#     module.sh MODULE
#
# libvirt loads modules with RTLD_GLOBAL and resolves everything at once: a symbol shown beyond the one that it looks for
# could take the place of somebody else's, and a private symbol of libvirt that is wanted by name, or a library that
# the daemon does not have, keeps the daemon from starting.
set -eu
module=$1
failed=0

complain() {
    echo "$1" >&2
    failed=1
}

shown=$(nm -D --defined-only "$module" | awk '{ print $NF }')
[ "$shown" = nwfilterRegister ] || complain "symbols shown beside or instead of nwfilterRegister: $shown"

needed=$(readelf -d "$module" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[ -n "$needed" ] || complain "no needed libraries found: is this a module?"
for library in $needed; do
    case $library in
        libglib-2.0.so.0 | libgio-2.0.so.0 | libgobject-2.0.so.0 | libxml2.so.* | libvirt.so.0) ;;
        libpcap.so.0.8 | libmnl.so.0 | libc.so.6 | libdl.so.2 | libpthread.so.0 | ld-linux*) ;;
        libasan.so.* | libubsan.so.* | libgcc_s.so.1 | libm.so.6 | librt.so.1) ;; # builds with sanitizers
        *) complain "needs a library that a daemon may not have: $library" ;;
    esac
done

private=$(nm -D --undefined-only "$module" | grep LIBVIRT_PRIVATE || true)
[ -z "$private" ] || complain "linked to private functions of one release of libvirt: $private"

if readelf -d "$module" | grep -Eq '\((RPATH|RUNPATH|TEXTREL)\)'; then
    complain "carries a search path or text relocations"
fi
exit $failed
