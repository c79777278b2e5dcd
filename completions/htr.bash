# Completion of htr for bash, made by python -m htrtool.manual from the options of the commands: do not edit.

_htr_models() {
    local file
    printf '%s\n' latin latin-small
    for file in "${XDG_DATA_HOME:-$HOME/.local/share}"/htr/models/*.onnx; do
        [[ -e $file ]] && file=${file##*/} && echo "${file%.onnx}"
    done
}

_htr_language_models() {
    local file
    printf '%s\n' auto none latin
    for file in "${XDG_DATA_HOME:-$HOME/.local/share}"/htr/models/*.lm; do
        [[ -e $file ]] && file=${file##*/} && echo "${file%.lm}"
    done
}

# With nothing in COMPREPLY, bash completes file names.
_htr() {
    local IFS=$' \t\n' current=${COMP_WORDS[COMP_CWORD]} before= command= options= word
    ((COMP_CWORD)) && before=${COMP_WORDS[COMP_CWORD - 1]}
    [[ $current == "=" ]] && current=
    [[ $before == "=" ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
            prep|train|read|eval|plot) command=$word; break ;;
            --) return ;;
        esac
    done
    case $command in
        "")
            COMPREPLY=($(compgen -W "prep train read eval plot -h --help -V --version" -- "$current"))
            return ;;
        prep)
            case $before in
                --from) COMPREPLY=($(compgen -W "auto pairs table iam xml tar images" -- "$current")); return ;;
                -m|--model) COMPREPLY=($(compgen -W "$(_htr_models)" -- "$current")); return ;;
                --normalise) COMPREPLY=($(compgen -W "none background" -- "$current")); return ;;
                --binarise) COMPREPLY=($(compgen -W "none otsu sauvola wolf nick isauvola su" -- "$current")); return ;;
                --labels) COMPREPLY=($(compgen -W "plain keep" -- "$current")); return ;;
                --markup) COMPREPLY=($(compgen -W "keep drop strip" -- "$current")); return ;;
                --image-format) COMPREPLY=($(compgen -W "png webp jpg" -- "$current")); return ;;
                --files-from|--image-column|--text-column|--min-conf|--text|--words|--fonts|--hands|--hands-share|--count|--seed|--language|--height|--split|--document|--min-chars|--max-chars|--min-width|--max-width|--jobs|-o|--output) return ;;
            esac
            options="--files-from -0 --null --from --image-column --text-column --lines --min-conf --text --recut --check --words --synth --fonts --hands --hands-share --count --seed --language -m --model --normalise --remove-rules --deskew --no-deskew --deslant --no-deslant --binarise --height --labels --markup --split --document --min-chars --max-chars --min-width --max-width --image-format --jobs -o --output -q --quiet -v --verbose -h --help" ;;
        train)
            case $before in
                --size) COMPREPLY=($(compgen -W "small medium large" -- "$current")); return ;;
                --from) COMPREPLY=($(compgen -W "$(_htr_models)" -- "$current")); return ;;
                --calibrate) COMPREPLY=($(compgen -W "$(_htr_models)" -- "$current")); return ;;
                --files-from|-o|--output|--val|--spec|--height|--charset|--epochs|--minutes|--patience|--batch|--learning-rate|--augment|--beside|--replay|--keep|--seed|--checkpoint-every|--licence|--jobs|--lm) return ;;
            esac
            options="--files-from -0 --null -o --output --val --size --spec --height --from --charset --epochs --minutes --patience --batch --learning-rate --augment --mix-styles --beside --replay --keep --seed --resume --checkpoint-every --bfloat16 --licence --jobs --lm --calibrate --quantise -q --quiet -v --verbose -h --help" ;;
        read)
            case $before in
                -m|--model) COMPREPLY=($(compgen -W "$(_htr_models)" -- "$current")); return ;;
                --mode) COMPREPLY=($(compgen -W "auto page line" -- "$current")); return ;;
                -f|--format) COMPREPLY=($(compgen -W "tsv txt jsonl alto page hocr pdf" -- "$current")); return ;;
                --lm) COMPREPLY=($(compgen -W "$(_htr_language_models)" -- "$current")); return ;;
                --looks) COMPREPLY=($(compgen -W "auto 1 2 3 4 5 6 7 8 9" -- "$current")); return ;;
                --files-from|-o|--output|--dpi|--threads|--batch|--lexicon|--beam|--nbest|--min-conf) return ;;
            esac
            options="--files-from -0 --null -m --model --mode -f --format -o --output --skip-existing --per-word --outlines --no-header --dpi --threads --batch --lm --lexicon --beam --nbest --looks --min-conf -q --quiet -v --verbose -h --help" ;;
        eval)
            case $before in
                --per) COMPREPLY=($(compgen -W "corpus document file line confusion" -- "$current")); return ;;
                --metric) COMPREPLY=($(compgen -W "cer wer line_accuracy chars_in_place lines_exact missing_lines surplus_lines ece share_of_errors" -- "$current")); return ;;
                -f|--format) COMPREPLY=($(compgen -W "tsv table" -- "$current")); return ;;
                --files-from|--document|--against|--fail-above) return ;;
            esac
            options="--files-from -0 --null --per --metric --document --plain --ignore-case --ignore-accents --ignore-punctuation --skip-missing --skip-unknown --against -f --format --fail-above -q --quiet -v --verbose -h --help" ;;
        plot)
            case $before in
                -f|--format) COMPREPLY=($(compgen -W "png svg pdf" -- "$current")); return ;;
                --x) COMPREPLY=($(compgen -W "epoch samples seconds" -- "$current")); return ;;
                --text) COMPREPLY=($(compgen -W "over beside none" -- "$current")); return ;;
                --files-from|-o|--output|--title|--width|--dpi|--pdf-dpi) return ;;
            esac
            options="--files-from -0 --null -o --output -f --format --title --width --dpi --pdf-dpi --x --text -q --quiet -v --verbose -h --help" ;;
    esac
    [[ $current == -* ]] && COMPREPLY=($(compgen -W "$options" -- "$current"))
}
complete -o default -F _htr htr
