//! Size and shape of what the derives write.
