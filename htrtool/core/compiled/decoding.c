/* The loops of decoding that take longest in Python: see search.py, ngram.py and align.py, which compute the same.

   Floating-point operations are those of the Python code in the same order, so that both find the same, to the bit. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 2 /* As library.py expects it: one more whenever what a function takes or gives changes. */

#define UNSEEN 128 /* As in ngram.py. */
#define RARE 48
#define ROOT 0
#define NOTHING (-1)

int htr_version(void) { return VERSION; }

/* A character n-gram model: the parts of NGram. */
typedef struct {
    const uint8_t *symbols, *costs, *backoffs, *bases;
    const uint32_t *first;
    int32_t *shorter; /* Of each inner node, filled in as they are asked for; NOTHING where that was not yet. */
    int32_t inner, characters;
} Trie;

static int32_t child_of(const Trie *trie, int32_t node, int symbol) {
    if (node >= trie->inner) return 0;
    uint32_t start = trie->first[node], end = trie->first[node + 1];
    if (start == end) return 0;
    const uint8_t *found = memchr(trie->symbols + start, symbol, end - start);
    return found ? (int32_t)(found - trie->symbols) : 0;
}

static int32_t parent_of(const Trie *trie, int32_t node) {
    int32_t low = 0, high = trie->inner + 1;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (trie->first[middle] <= (uint32_t)node) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}

static int32_t shorter_of(const Trie *trie, int32_t node) {
    if (node < trie->inner && trie->shorter[node] != NOTHING) return trie->shorter[node];
    int32_t parent = parent_of(trie, node), shorter = ROOT;
    if (parent != ROOT) shorter = child_of(trie, shorter_of(trie, parent), trie->symbols[node]);
    /* Several threads may find the same here at once. */
    if (node < trie->inner) trie->shorter[node] = shorter;
    return shorter;
}

/* What a symbol costs in a state, which becomes the one after it. */
static int step(const Trie *trie, int32_t *state, int symbol) {
    int cost = 0;
    int32_t node = *state, child;
    if (symbol > trie->characters) {
        symbol = trie->bases[symbol];
        cost = RARE;
    }
    while (!(child = child_of(trie, node, symbol))) {
        if (node == ROOT) {
            *state = ROOT;
            return cost + UNSEEN;
        }
        cost += trie->backoffs[node];
        node = shorter_of(trie, node);
    }
    cost += trie->costs[child];
    while (child && (child >= trie->inner || trie->first[child] == trie->first[child + 1])) {
        if (node == ROOT) {
            *state = ROOT;
            return cost;
        }
        node = shorter_of(trie, node);
        child = child_of(trie, node, symbol);
    }
    *state = child;
    return cost;
}

/* Fill in what each of some symbols costs one after the other, from a state on; return the state after them. */
int32_t htr_costs(const Trie *trie, int32_t state, const int32_t *symbols, int64_t count, int32_t *costs) {
    for (int64_t place = 0; place < count; place++) costs[place] = step(trie, &state, symbols[place]);
    return state;
}

/* What the search knows beside the frames: of a language model, if ``trie`` is not NULL, and of the network's own. */
typedef struct {
    const Trie *trie;
    const int32_t *symbols;  /* Of each class. */
    const double *worths;    /* By cost. */
    const uint8_t *pairs;    /* (classes, classes) */
    const double *surprises; /* By what stands in pairs. */
    int32_t classes, space;
} Knowledge;

static double worth(const Knowledge *known, int32_t *state, int32_t before, int32_t label) {
    int cost = known->trie ? step(known->trie, state, known->symbols[label]) : 0;
    return known->worths[cost] * known->surprises[known->pairs[before * known->classes + label]];
}

/* The frames that are not surely blank: their numbers, and the classes to follow in each, up to ``ends``. */
typedef struct {
    const int64_t *numbers, *ends, *classes;
    const double *blanks, *probabilities;
    int64_t count;
} Frames;

/* A text so far. In the frame ``touched`` it weighs ``other`` where that is not blank, and was the ``order``-th of which that is known. */
typedef struct {
    double factor, peak, other;
    int32_t parent, label, state, surest, touched, order;
} Prefix;

typedef struct {
    double blank, other;
    int32_t prefix;
} Follower;

typedef struct {
    double weight, blank, other;
    int32_t prefix, order;
} Weighed;

/* Texts by number, and a hash table of which text a class after another makes. */
typedef struct {
    Prefix *all;
    int64_t *keys;
    int32_t *children;
    int32_t count, room;
    uint32_t slots; /* A power of two, more than twice as many as there are texts. */
} Prefixes;

static uint32_t slot_of(const Prefixes *prefixes, int64_t key) {
    uint32_t slot = (uint32_t)(((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (prefixes->slots - 1);
    while (prefixes->keys[slot] != NOTHING && prefixes->keys[slot] != key) slot = (slot + 1) & (prefixes->slots - 1);
    return slot;
}

static int grow(Prefixes *prefixes) {
    int32_t room = prefixes->room ? 2 * prefixes->room : 2048;
    Prefix *all = realloc(prefixes->all, room * sizeof *all);
    if (all) prefixes->all = all;
    int64_t *keys = malloc(2 * (size_t)room * sizeof *keys), *old_keys = prefixes->keys;
    int32_t *children = malloc(2 * (size_t)room * sizeof *children), *old_children = prefixes->children;
    if (!all || !keys || !children) {
        free(keys);
        free(children);
        return 0;
    }
    uint32_t slots = prefixes->slots;
    prefixes->room = room, prefixes->slots = 2 * (uint32_t)room, prefixes->keys = keys, prefixes->children = children;
    for (uint32_t slot = 0; slot < prefixes->slots; slot++) keys[slot] = NOTHING;
    for (uint32_t slot = 0; slot < slots; slot++) {
        if (old_keys[slot] == NOTHING) continue;
        uint32_t place = slot_of(prefixes, old_keys[slot]);
        keys[place] = old_keys[slot], children[place] = old_children[slot];
    }
    free(old_keys);
    free(old_children);
    return 1;
}

static int heavier(const void *left, const void *right) {
    const Weighed *a = left, *b = right;
    if (a->weight != b->weight) return a->weight < b->weight ? 1 : -1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* What a search holds: ``beam`` are the texts that are followed, ``blanks`` what they weigh after a frame that is blank, ``touched``
   those that weigh something after one that is not, in the order in which they came up. */
typedef struct {
    Prefixes prefixes;
    Follower *beam;
    double *blanks;
    Weighed *weighed;
    int32_t *touched;
    int32_t in_beam, room;
} Search;

static int make_room(Search *search, int32_t wanted) {
    if (wanted <= search->room) return 1;
    int32_t *touched = realloc(search->touched, wanted * sizeof *touched);
    if (touched) search->touched = touched;
    Weighed *weighed = realloc(search->weighed, wanted * sizeof *weighed);
    if (weighed) search->weighed = weighed;
    if (!touched || !weighed) return 0;
    search->room = wanted;
    return 1;
}

/* Go on by one frame; 0 where there is no memory. */
static int follow(Search *search, const Knowledge *known, const Frames *frames, int64_t place, int32_t width, double least) {
    Prefixes *prefixes = &search->prefixes;
    int32_t frame = (int32_t)frames->numbers[place], touched = 0;
    int64_t first = place ? frames->ends[place - 1] : 0, end = frames->ends[place];
    double floor = 0;
    if (place ? frame > frames->numbers[place - 1] + 1 : frame > 0) {
        for (int32_t rank = 0; rank < search->in_beam; rank++) {
            Follower *follower = search->beam + rank;
            follower->blank += follower->other, follower->other = 0;
        }
    }
    if (!make_room(search, (int32_t)((end - first) * search->in_beam) + 2 * search->in_beam)) return 0;
    for (int32_t rank = 0; rank < search->in_beam; rank++) {
        double weight = (search->beam[rank].blank + search->beam[rank].other) * frames->blanks[place];
        search->blanks[rank] = weight;
        if (weight > floor) floor = weight;
    }
    /* What is below this in the end is dropped, so that a new text of less need not even begin. */
    floor *= least;

#define ADD(text, what)                                           \
    do {                                                          \
        Prefix *added_to = prefixes->all + (text);                \
        if (added_to->touched != frame) {                         \
            added_to->touched = frame, added_to->other = 0;       \
            added_to->order = touched;                            \
            search->touched[touched++] = (text);                  \
        }                                                         \
        added_to->other += (what);                                \
    } while (0)

    for (int32_t rank = 0; rank < search->in_beam; rank++) {
        const Follower follower = search->beam[rank];
        double both = follower.blank + follower.other;
        int32_t label = prefixes->all[follower.prefix].label;
        for (int64_t at = first; at < end; at++) {
            int32_t other = (int32_t)frames->classes[at];
            double weight = both * frames->probabilities[at];
            if (weight < least) continue;
            if (other == label) {
                if (label == known->space) {
                    ADD(follower.prefix, weight);
                    continue;
                }
                double again = follower.other * frames->probabilities[at];
                ADD(follower.prefix, again);
                Prefix *same = prefixes->all + follower.prefix;
                if (again > same->peak) same->peak = again, same->surest = frame;
                weight -= again;
                if (weight < least) continue;
            }
            int64_t key = (int64_t)follower.prefix * known->classes + other;
            uint32_t slot = slot_of(prefixes, key);
            if (prefixes->keys[slot] == key) {
                int32_t child = prefixes->children[slot];
                Prefix *longer = prefixes->all + child;
                if (weight > longer->peak) longer->peak = weight, longer->surest = frame;
                ADD(child, weight * longer->factor);
                continue;
            }
            int32_t state = prefixes->all[follower.prefix].state;
            double factor = worth(known, &state, label, other), weighed = weight * factor;
            if (weighed < floor) continue;
            if (weighed * least > floor) floor = weighed * least;
            if (prefixes->count == prefixes->room) {
                if (!grow(prefixes)) return 0;
                slot = slot_of(prefixes, key);
            }
            int32_t child = prefixes->count++;
            prefixes->keys[slot] = key, prefixes->children[slot] = child;
            prefixes->all[child] = (Prefix){factor, weight, 0, follower.prefix, other, state, frame, NOTHING, 0};
            ADD(child, weighed);
        }
    }
#undef ADD

    /* In the order of Python's dictionaries, which tells those of equal weight apart. */
    int32_t count = touched;
    for (int32_t order = 0; order < touched; order++) {
        double other = prefixes->all[search->touched[order]].other;
        search->weighed[order] = (Weighed){other, 0, other, search->touched[order], order};
    }
    for (int32_t rank = 0; rank < search->in_beam; rank++) {
        int32_t prefix = search->beam[rank].prefix;
        double blank = search->blanks[rank];
        if (prefixes->all[prefix].touched == frame) {
            Weighed *text = search->weighed + prefixes->all[prefix].order;
            text->weight = blank + text->other, text->blank = blank;
        } else {
            search->weighed[count] = (Weighed){blank, blank, 0, prefix, count};
            count++;
        }
    }
    double best = 0;
    for (int32_t order = 0; order < count; order++)
        if (search->weighed[order].weight > best) best = search->weighed[order].weight;
    floor = best * least;
    int32_t left = 0;
    for (int32_t order = 0; order < count; order++)
        if (search->weighed[order].weight >= floor) search->weighed[left++] = search->weighed[order];
    qsort(search->weighed, left, sizeof *search->weighed, heavier);
    search->in_beam = left < width ? left : width;
    for (int32_t rank = 0; rank < search->in_beam; rank++) {
        const Weighed *text = search->weighed + rank;
        search->beam[rank] = (Follower){text->blank / best, text->other / best, text->prefix};
    }
    return 1;
}

/* Search a line as BeamSearch does, after ``start`` in the language model.

   Of each text that is left: its weight with the end of its last word, its length, its classes and the frames of these, in rows
   as long as there are frames. Returns how many texts are left; NOTHING where there is no memory. */
int32_t htr_search(const Knowledge *known, const Frames *frames, int32_t start, int32_t width, double least, double *weights,
                   int32_t *lengths, int32_t *labels, int32_t *places) {
    Search search = {0};
    int32_t found = NOTHING;
    search.beam = malloc(width * sizeof *search.beam);
    search.blanks = malloc(width * sizeof *search.blanks);
    if (!search.beam || !search.blanks || !grow(&search.prefixes)) goto done;
    search.prefixes.all[search.prefixes.count++] = (Prefix){1, 0, 0, NOTHING, known->space, start, 0, NOTHING, 0};
    search.beam[search.in_beam++] = (Follower){1, 0, 0};
    for (int64_t place = 0; place < frames->count; place++)
        if (!follow(&search, known, frames, place, width, least)) goto done;
    found = search.in_beam;
    for (int32_t rank = 0; rank < found; rank++) {
        const Follower *follower = search.beam + rank;
        const Prefix *text = search.prefixes.all + follower->prefix;
        int32_t state = text->state, length = 0;
        int ended = text->label == known->space || !known->space;
        weights[rank] = (follower->blank + follower->other) * (ended ? 1 : worth(known, &state, text->label, known->space));
        for (int32_t at = follower->prefix; at; at = search.prefixes.all[at].parent) length++;
        lengths[rank] = length;
        for (int32_t at = follower->prefix; at; at = search.prefixes.all[at].parent) {
            length--;
            labels[rank * frames->count + length] = search.prefixes.all[at].label;
            places[rank * frames->count + length] = search.prefixes.all[at].surest;
        }
    }
done:
    free(search.prefixes.all);
    free(search.prefixes.keys);
    free(search.prefixes.children);
    free(search.beam);
    free(search.blanks);
    free(search.weighed);
    free(search.touched);
    return found;
}

/* How well all frames of a line fit some texts: the loop of log_likelihoods.

   ``odds`` is (frames, classes), ``labels`` (texts, characters), ``counts`` (texts). ``highest`` takes what weights were divided by,
   (frames / every, texts), ``ends`` what is left at the end of each text. ``room`` is for 2 * characters + 1 numbers. */
void htr_fits(const double *odds, int64_t frames, int64_t classes, const int64_t *labels, const int64_t *counts, int64_t texts,
              int64_t characters, int64_t every, double *highest, double *ends, double *room) {
    for (int64_t text = 0; text < texts; text++) {
        const int64_t *label = labels + text * characters, count = counts[text];
        double *blank = room, *own = room + count + 1;
        memset(room, 0, (2 * count + 1) * sizeof *room);
        blank[0] = 1;
        for (int64_t frame = 0; frame < frames; frame++) {
            const double *odd = odds + frame * classes;
            /* From the end, where what stands before a character is still that of the frame before. */
            blank[count] += count ? own[count - 1] : 0;
            for (int64_t at = count - 1; at >= 0; at--) {
                /* The blank before the character without what this frame adds to it. */
                double entered = own[at] + blank[at];
                if (at) {
                    entered += own[at - 1] * (label[at] != label[at - 1]);
                    blank[at] += own[at - 1];
                }
                own[at] = entered * odd[label[at]];
            }
            if ((frame + 1) % every) continue;
            double most = 0;
            for (int64_t at = 0; at < 2 * count + 1; at++) {
                double weight = at <= count ? blank[at] : own[at - count - 1];
                if (weight > most) most = weight;
            }
            for (int64_t at = 0; at <= count; at++) blank[at] /= most;
            for (int64_t at = 0; at < count; at++) own[at] /= most;
            highest[frame / every * texts + text] = most;
        }
        ends[text] = blank[count] + (count ? own[count - 1] : 0);
    }
}

/* The best paths through the states of a label, each of which follows itself, the one before it, or, where ``skips``, the one before that.

   ``emitted`` is (frames, states). ``steps`` takes by how many states each best path went on; ``scores`` those of the last frame;
   ``room`` is for as many. */
void htr_paths(const double *emitted, const uint8_t *skips, int64_t frames, int64_t states, double *scores, int8_t *steps,
               double *room) {
    double *before = room, *after = scores;
    for (int64_t state = 0; state < states; state++) after[state] = state < 2 ? emitted[state] : -INFINITY;
    memset(steps, 0, states);
    for (int64_t frame = 1; frame < frames; frame++) {
        double *emptied = before;
        before = after, after = emptied;
        const double *now = emitted + frame * states;
        int8_t *step_to = steps + frame * states;
        for (int64_t state = 0; state < states; state++) {
            double best = before[state];
            int8_t step = 0;
            if (state >= 1 && before[state - 1] > best) best = before[state - 1], step = 1;
            if (state >= 2 && skips[state] && before[state - 2] > best) best = before[state - 2], step = 2;
            after[state] = best + now[state];
            step_to[state] = step;
        }
    }
    if (after != scores) memcpy(scores, after, states * sizeof *scores);
}
