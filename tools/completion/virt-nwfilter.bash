# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of virt-nwfilter for bash.

_virt_nwfilter() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options
    local ports='--binding --port --mac --filter --param --filter-dir --dialect --help'
    case ${COMP_WORDS[1]-} in
        compile) options="$ports --annotate" ;;
        learned) options='--counters --json --state-dir --help' ;;
        ports) options='--json --binding-dir --help' ;;
        verdict) options="$ports --pcap --direction --ways --checksums --json" ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'compile learned ports verdict --help' -- "$word")
        return
    fi
    compopt -o filenames 2>/dev/null
    case $before in
        --filter-dir|-d|--state-dir|--binding-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
        --direction) mapfile -t COMPREPLY < <(compgen -W 'out in auto' -- "$word") ;;
        --port|-i) mapfile -t COMPREPLY < <(compgen -W "$(ls /sys/class/net 2>/dev/null)" -- "$word") ;;
        --mac|-m|--param|-p|--filter|-f|--dialect) COMPREPLY=() ;;
        *)
            case $word in
                -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
                *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
            esac
            ;;
    esac
}
complete -F _virt_nwfilter virt-nwfilter
