//! Faults of the protocol that the [simulation](super::simulation) plants, to see whether it would find them. Only a
//! test can make a lake with one.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    /// What a dead run published is taken back without taking its number first.
    UndoWithoutOwning,
    /// A renewal writes over whatever is there, however late it is.
    BlindRenewal,
    /// Files get their names before the pending object names them.
    PublishBeforePending,
    /// A version is written over whatever has its number by then.
    BlindCommit,
    /// What is replaced is removed before the version that replaces it is there.
    DeleteBeforeCreate,
    /// A conflict is taken for an object that is there.
    IgnoredConflict,
    /// The age of claims is measured by this machine's clock, which is ahead.
    ClaimVoidedByOwnClock,
    /// All runs' pending objects have one name.
    SharedPendingName,
    /// The numbers of versions that are not kept are given up at once.
    ExpiredNumberFreed,
    /// Who meets an aborted number takes the table for not made.
    AbortedNotSkipped,
    /// Files are removed before their version is said to be no longer kept.
    FilesBeforeOldest,
    /// The pending object is removed before what it names.
    PendingRemovedFirst,
    /// A commit is finished when its number is taken, by whomever.
    FinishedForAnother,
    /// Replaced files do not go to the attic.
    AtticForgotten,
}
