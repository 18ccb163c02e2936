//! The evaluation key, in a file beside the database: made once, so that answers and digests stay the same
//! across restarts. It is no secret, but a damaged one would give wrong answers.

use pulseproof_fhe::SecretKey;
use pulseproof_fhe::bootstrap::keys::EvaluationKey;
use pulseproof_files::{Readers, write_bytes};
use pulseproof_sdk::Digest;

use super::{Vault, VaultError};

/// The file's name.
pub const FILE: &str = "evaluation.key";

impl Vault {
    /// The evaluation key of a secret key: the one that is kept, or a new one. Takes a second or two.
    ///
    /// # Errors
    /// The file cannot be used, or is not what was written into it.
    pub async fn evaluation_key(&self, secret: &SecretKey) -> Result<EvaluationKey, VaultError> {
        let stored: Option<String> = sqlx::query_scalar("SELECT evaluation_key FROM authority")
            .fetch_one(&self.pool)
            .await?;
        match stored {
            Some(id) => self.load(&id),
            None => self.make(secret).await,
        }
    }

    fn load(&self, id: &str) -> Result<EvaluationKey, VaultError> {
        let path = self.folder.join(FILE);
        let bytes =
            std::fs::read(&path).map_err(|source| VaultError::Io { path: path.clone(), source })?;
        if Digest::sha256(&bytes).to_string() != id {
            return Err(VaultError::EvaluationKey(path));
        }
        EvaluationKey::from_bytes(&bytes).map_err(|_| VaultError::EvaluationKey(path))
    }

    /// The file is whole before the database knows of it.
    async fn make(&self, secret: &SecretKey) -> Result<EvaluationKey, VaultError> {
        let key = secret.evaluation_key();
        let path = self.folder.join(FILE);
        write_bytes(&path, Readers::Everybody, &key.to_bytes())
            .map_err(|source| VaultError::Io { path, source })?;
        sqlx::query("UPDATE authority SET evaluation_key = ?")
            .bind(Digest(key.id()).to_string())
            .execute(&self.pool)
            .await?;
        Ok(key)
    }
}
