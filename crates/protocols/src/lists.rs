//! Lists of what was found, of which there are many and most of them short.

/// Appends to a list that seldom has a second item: the first gets no room for three others.
pub(crate) fn push_sparing<T>(list: &mut Vec<T>, item: T) {
    if list.capacity() == 0 {
        list.reserve_exact(1);
    }
    list.push(item);
}
