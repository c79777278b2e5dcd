#!/bin/sh
# Make latin again from open data: sh make.sh DATA OUT
#
# DATA holds train/*.tar (transcribed lines), pages/train/ (annotated pages, a folder a set), fonts/ (handwriting fonts with
# their LICENSES.tsv) and text/*.txt. OUT gets the streams and the models, first and latin. On two cores it takes about thirty-one hours.
set -eu
data=$1 out=$2
mkdir -p "$out"

prepare() { htr prep -q --height 48 --max-width 1300 "$@"; }
write() { prepare --synth --language en=66,fr=17,de=9,es=8 "$@" "$data/text"; }

# Documents go to one side as a whole; the lines that are kept aside choose the epoch and fit the confidence.
htr prep --normalise none --no-deskew --no-deslant --markup drop --split train=96,val=4 -o "$out/lines" "$data/train"
prepare -o "$out/real.tar" "$out/lines/train.tar"
prepare -o "$out/aside.tar" "$out/lines/val.tar"
write --fonts "$data/fonts" --count 60000 --seed 11 -o "$out/fonts.tar"

# From nothing: short lines first, real ones and print-like ones, until letters are found.
htr train --size small --charset latin --minutes 140 --epochs 20 --patience 0 --seed 3 --licence MIT \
    --val "$out/aside.tar" -o "$out/first" "$out/real.tar" "$out/real.tar" "$out/fonts.tar"

# With what it has learned, drop transcriptions that their pictures do not show, and set new text from the hands.
prepare --check --model "$out/first.onnx" -o "$out/checked.tar" "$out/real.tar"
write --hands "$out/lines/train.tar" --model "$out/first.onnx" --count 56000 --seed 31 -o "$out/hands.tar"
htr train --from "$out/first" --charset latin --minutes 180 --epochs 20 --patience 0 --learning-rate 0.001 \
    --augment 0.85 --seed 9 --val "$out/aside.tar" -o "$out/second" \
    "$out/checked.tar" "$out/checked.tar" "$out/hands.tar" "$out/fonts.tar"

# A larger network goes on, on fewer made lines, and on real ones as htr read finds them on pages; it fits what it has seen
# no better than what it has not, so that it is disturbed less.
prepare --recut --markup drop --split train=96,val=4 -o "$out/found" $(ls -d "$data"/pages/train/* | grep -v hooker)
write --fonts "$data/fonts" --count 10000 --seed 12 -o "$out/fewer-fonts.tar"
write --hands "$out/lines/train.tar" --model "$out/second.onnx" --count 20000 --seed 32 -o "$out/fewer-hands.tar"
htr train --from "$out/second" --charset latin --minutes 120 --epochs 20 --patience 0 --learning-rate 0.0008 \
    --spec 'c32:4x4/2x2 c64/2x2 r96/2x1 r96 r160/2x1 r160 max lstm160 lstm160 drop.05' \
    --augment 0.4 --seed 12 --val "$out/aside.tar" -o "$out/third" \
    "$out/checked.tar" "$out/checked.tar" "$out/found/train.tar" "$out/fewer-hands.tar" "$out/fewer-fonts.tar"

# Larger LSTMs, and more made lines in English, of which there are few real ones.
write --fonts "$data/fonts" --count 13000 --seed 13 -o "$out/more-fonts.tar"
write --hands "$out/lines/train.tar" --model "$out/second.onnx" --count 30000 --seed 33 -o "$out/more-hands.tar"
htr train --from "$out/third" --charset latin --minutes 122 --epochs 40 --patience 0 --learning-rate 0.0007 --bfloat16 \
    --spec 'c32:4x4/2x2 c64/2x2 r96/2x1 r96 r160/2x1 r160 max lstm224 lstm224 drop.05' \
    --augment 0.4 --seed 14 --val "$out/aside.tar" -o "$out/fourth" \
    "$out/checked.tar" "$out/checked.tar" "$out/found/train.tar" "$out/more-hands.tar" "$out/more-fonts.tar"

# Without what it can do without it goes on, with more lines in the hands of those who wrote English, and prose all in capitals.
htr prep --normalise none --no-deskew --no-deslant --markup drop --split train=96,val=4 -o "$out/english" \
    "$data/train/inkbench.tar" "$data/train/stanford.tar"
write --fonts "$data/fonts" --count 15000 --seed 24 -o "$out/last-fonts.tar"
write --hands "$out/lines/train.tar" --model "$out/fourth.onnx" --count 30000 --seed 44 -o "$out/last-hands.tar"
write --hands "$out/english/train.tar" --model "$out/fourth.onnx" --language en=100 --count 13000 --seed 45 \
    -o "$out/english-hands.tar"
mkdir -p "$out/capitals"
for text in "$data"/text/*.txt; do
    LC_ALL=C.UTF-8 sed 's/.*/\U&/' "$text" > "$out/capitals/$(basename "$text")"
done
prepare --synth --language en=66,fr=17,de=9,es=8 --fonts "$data/fonts" --count 12000 --seed 35 \
    -o "$out/capitals.tar" "$out/capitals"
htr train --from "$out/fourth" --charset latin --minutes 262 --epochs 40 --patience 0 --learning-rate 0.0007 --bfloat16 \
    --spec 'c32:4x4/2x2 c64/2x2 r96/2x1 r96:64 r160/2x1 r160:32 max lstm224 lstm224 drop.05' \
    --augment 0.4 --seed 16 --val "$out/aside.tar" -o "$out/fifth" "$out/checked.tar" "$out/checked.tar" \
    "$out/found/train.tar" "$out/last-hands.tar" "$out/english-hands.tar" "$out/last-fonts.tar" \
    "$out/capitals.tar"

# Twice more, on other made lines; the mean of the weights before and after reads better than either.
once_more() {
    from=$1 to=$2 minutes=$3 first_seed=$4
    shift 4
    write --fonts "$data/fonts" --count 12000 --seed "$first_seed" -o "$out/other-fonts.tar"
    write --hands "$out/lines/train.tar" --model "$out/$from.onnx" --count 20000 --seed $((first_seed + 28)) \
        -o "$out/other-hands.tar"
    write --hands "$out/english/train.tar" --model "$out/$from.onnx" --language en=100 --count 10000 \
        --seed $((first_seed + 29)) -o "$out/other-english-hands.tar"
    prepare --synth --language en=66,fr=17,de=9,es=8 --fonts "$data/fonts" --count 6000 --seed $((first_seed + 1)) \
        -o "$out/other-capitals.tar" "$out/capitals"
    htr train --from "$out/$from" --charset latin --minutes "$minutes" --epochs 40 --patience 0 --learning-rate 0.0007 \
        --keep 50 --augment 0.4 "$@" --val "$out/aside.tar" -o "$out/$to" "$out/checked.tar" "$out/checked.tar" \
        "$out/found/train.tar" "$out/other-hands.tar" "$out/other-english-hands.tar" "$out/other-fonts.tar" \
        "$out/other-capitals.tar"
}
once_more fifth sixth 85 46 --seed 31
once_more sixth seventh 60 56 --seed 33 --bfloat16

# Last, with more paper around the lines, and lone words beside them, cut out of a third of the real lines and a fifth of the made ones.
words_of() {
    prepare --split "some=$2,rest=$((100 - $2))" -o "$out/parts-$1" "$out/$1.tar"
    prepare --words 3 --model "$out/seventh.onnx" -o "$out/words-$1.tar" "$out/parts-$1/some.tar"
}
words_of checked 33
for made in other-english-hands other-fonts other-capitals; do
    words_of $made 20
done
with_words() {
    from=$1 to=$2 minutes=$3 seed=$4
    shift 4
    htr train --from "$out/$from" --charset latin --minutes "$minutes" --epochs 40 --patience 0 --learning-rate 0.0007 \
        --augment 0.4 --bfloat16 --seed "$seed" "$@" --val "$out/aside.tar" -o "$out/$to" "$out/checked.tar" \
        "$out/checked.tar" "$out/found/train.tar" "$out/other-hands.tar" "$out/other-english-hands.tar" \
        "$out/other-fonts.tar" "$out/other-capitals.tar" "$out"/words-*.tar
}
with_words seventh eighth 115 51 --keep 50
with_words eighth ninth 81 61 --keep 60 --mix-styles
with_words ninth tenth 112 71 --keep 50 --mix-styles
with_words tenth eleventh 90 211 --keep 50 --mix-styles --learning-rate 0.001

# A third LSTM, residual, so that it adds nothing until it learns.
with_words eleventh twelfth 105 311 --keep 50 --mix-styles --learning-rate 0.001 \
    --spec 'c32:4x4/2x2 c64/2x2 r96/2x1 r96:64 r160/2x1 r160:32 max lstm224 lstm224 rlstm224 drop.05'
with_words twelfth thirteenth 108 351 --keep 50 --mix-styles --learning-rate 0.001
with_words thirteenth fourteenth 112 361 --keep 50 --mix-styles --learning-rate 0.0005
with_words fourteenth fifteenth 212 371 --keep 33 --mix-styles --learning-rate 0.0005

# Then beside language models (pip install wordfreq, for some of their texts) of which none knows the texts of the lines with which
# it helps: of the transcriptions one knows this half and one the other, and one all, but none of the texts that lines were made of.
language_texts() { python "$(dirname "$0")/language_texts.py" "$data" "$1" "$2"; }
language_texts "$out/lines/train.tar" "$out/texts"
htr prep --normalise none --no-deskew --no-deslant --split one=50,other=50 -o "$out/halves" "$out/lines/train.tar"
for half in one other; do
    language_texts "$out/halves/$half.tar" "$out/texts-$half"
    htr train --lm "$out/$half.lm" "$out/texts-$half"/*.txt
done
mkdir -p "$out/texts-of-others"
for text in "$out"/texts/*.txt; do
    [ -e "$data/text/$(basename "$text")" ] || cp "$text" "$out/texts-of-others"
done
htr train --lm "$out/of-others.lm" "$out/texts-of-others"/*.txt
beside="--beside $out/one.lm --beside $out/other.lm --beside $out/of-others.lm"
with_words fifteenth sixteenth 156 383 --mix-styles --learning-rate 0.0003 $beside

# Last, of the lines that were set from hands, only on those that the model can read.
for made in other-hands other-english-hands; do
    prepare --check --model "$out/sixteenth.onnx" -o "$out/readable.tar" "$out/$made.tar"
    mv "$out/readable.tar" "$out/$made.tar"
done
with_words sixteenth latin 68 391 --mix-styles --learning-rate 0.0003 $beside

# Lines in fonts, of texts of our own, that are shown again while the model learns a hand.
prepare --no-deskew --no-deslant --synth --fonts "$data/fonts" --count 170 --seed 5 --max-width 1200 --image-format webp \
    -o "$out/latin.replay.tar" "$(dirname "$0")/replay.txt"

# With 8-bit weights it is smaller and faster.
htr train --quantise -o "$out/latin-small" "$out/latin.onnx"

# The language models that ship: of texts whose names tell their languages, and of words; and a recurrent one.
htr train --lm "$out/latin.lm" --minutes 80 --seed 1 --bfloat16 "$out"/texts/*.txt
