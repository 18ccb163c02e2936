//! Which circuits there are.

use async_trait::async_trait;
use pulseproof_groth16::Weakness;
use pulseproof_kernels::CurveId;
use pulseproof_sdk::Name;
use pulseproof_sdk::groth16::PartInfo;
use sqlx::{Executor, FromRow, Row as _, Transaction};

use super::queue::needed_by;
use super::{Db, SqlRow, SqlStore, signed};
use crate::audit::Act;
use crate::circuits::{KeyInfo, Part, StoredCircuit};
use crate::jobs::Dependency;
use crate::{Circuits, Denial, StoreError, corrupt};

#[async_trait]
impl Circuits for SqlStore {
    async fn circuit(&self, name: &Name) -> Result<Option<StoredCircuit>, StoreError> {
        stored(&self.pool, name).await
    }

    async fn circuits(&self) -> Result<Vec<StoredCircuit>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT * FROM circuits ORDER BY name").fetch_all(&self.pool).await?;
        rows.into_iter().map(circuit).collect()
    }

    async fn add_circuit(
        &self,
        new: &StoredCircuit,
        circuits_max: usize,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        if let Some(found) = stored(&mut **transaction, &new.name).await? {
            let same = found.zkey.sha256 == new.zkey.sha256;
            let taken = || Denial::NameTaken(new.name.clone()).into();
            return if same { Ok(false) } else { Err(taken()) };
        }
        let circuits: i64 = sqlx::query_scalar("SELECT count(*) FROM circuits")
            .fetch_one(&mut **transaction)
            .await?;
        if circuits.unsigned_abs() >= circuits_max as u64 {
            return Err(Denial::TooManyCircuits(circuits_max).into());
        }
        insert(&mut transaction, new).await?;
        let act = Act::CircuitAdded { circuit: &new.name, key: new.zkey.sha256 };
        transaction.note(&act).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn add_part(&self, name: &Name, part: Part, file: PartInfo) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let Some(found) = stored(&mut **transaction, name).await? else {
            return Err(Denial::UnknownCircuit.into());
        };
        match found.part(part) {
            Some(other) if other.sha256 == file.sha256 => return Ok(false),
            Some(_) => return Err(Denial::PartTaken { name: name.clone(), part }.into()),
            None => {}
        }
        let sql = match part {
            Part::Wasm => "UPDATE circuits SET wasm = $1, wasm_bytes = $2 WHERE name = $3",
            Part::R1cs => "UPDATE circuits SET r1cs = $1, r1cs_bytes = $2 WHERE name = $3",
            Part::Sym => "UPDATE circuits SET sym = $1, sym_bytes = $2 WHERE name = $3",
        };
        sqlx::query(sql)
            .bind(file.sha256.to_string())
            .bind(signed(file.bytes))
            .bind(name.as_str())
            .execute(&mut **transaction)
            .await?;
        let act = Act::CircuitPartAdded { circuit: name, part: part.name(), file: file.sha256 };
        transaction.note(&act).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn remove_circuit(&self, name: &Name) -> Result<StoredCircuit, StoreError> {
        let mut transaction = self.write().await?;
        let Some(found) = stored(&mut **transaction, name).await? else {
            return Err(Denial::UnknownCircuit.into());
        };
        if let Some(job) = needed_by(&mut transaction, Dependency::Circuit, name.as_str()).await? {
            return Err(Denial::CircuitInUse(job).into());
        }
        sqlx::query("DELETE FROM circuits WHERE name = $1")
            .bind(name.as_str())
            .execute(&mut **transaction)
            .await?;
        transaction.note(&Act::CircuitRemoved { circuit: name }).await?;
        transaction.commit().await?;
        Ok(found)
    }
}

/// A circuit, if it is there.
pub(super) async fn stored<'e>(
    executor: impl Executor<'e, Database = Db>,
    name: &Name,
) -> Result<Option<StoredCircuit>, StoreError> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM circuits WHERE name = $1")
        .bind(name.as_str())
        .fetch_optional(executor)
        .await?;
    row.map(circuit).transpose()
}

async fn insert(
    transaction: &mut Transaction<'_, Db>,
    new: &StoredCircuit,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO circuits
             (name, curve, signals, public, domain_log, contributions, weakness, zkey, zkey_bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(new.name.as_str())
    .bind(new.info.curve.to_string())
    .bind(signed(new.info.signals))
    .bind(signed(new.info.public))
    .bind(i64::from(new.info.domain_log))
    .bind(signed(new.info.contributions))
    .bind(new.info.weakness.map(Weakness::name))
    .bind(new.zkey.sha256.to_string())
    .bind(signed(new.zkey.bytes))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

struct Row {
    name: String,
    curve: String,
    signals: i64,
    public: i64,
    domain_log: i64,
    contributions: i64,
    weakness: Option<String>,
    zkey: String,
    zkey_bytes: i64,
    wasm: Option<String>,
    wasm_bytes: Option<i64>,
    r1cs: Option<String>,
    r1cs_bytes: Option<i64>,
    sym: Option<String>,
    sym_bytes: Option<i64>,
}

impl FromRow<'_, SqlRow> for Row {
    fn from_row(row: &SqlRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get("name")?,
            curve: row.try_get("curve")?,
            signals: row.try_get("signals")?,
            public: row.try_get("public")?,
            domain_log: row.try_get("domain_log")?,
            contributions: row.try_get("contributions")?,
            weakness: row.try_get("weakness")?,
            zkey: row.try_get("zkey")?,
            zkey_bytes: row.try_get("zkey_bytes")?,
            wasm: row.try_get("wasm")?,
            wasm_bytes: row.try_get("wasm_bytes")?,
            r1cs: row.try_get("r1cs")?,
            r1cs_bytes: row.try_get("r1cs_bytes")?,
            sym: row.try_get("sym")?,
            sym_bytes: row.try_get("sym_bytes")?,
        })
    }
}

fn circuit(row: Row) -> Result<StoredCircuit, StoreError> {
    let file = |sha256: &str, bytes: i64| {
        let sha256 = sha256.parse().map_err(|error| corrupt("sha256", &error))?;
        Ok::<_, StoreError>(PartInfo { sha256, bytes: bytes.unsigned_abs() })
    };
    let part = |sha256: Option<String>, bytes: Option<i64>| {
        sha256.zip(bytes).map(|(sha256, bytes)| file(&sha256, bytes)).transpose()
    };
    let curve = CurveId::ALL.into_iter().find(|curve| curve.to_string() == row.curve);
    Ok(StoredCircuit {
        name: row.name.parse().map_err(|error| corrupt("name", &error))?,
        info: KeyInfo {
            curve: curve.ok_or_else(|| corrupt("curve", &row.curve))?,
            signals: row.signals.unsigned_abs(),
            public: row.public.unsigned_abs(),
            domain_log: u32::try_from(row.domain_log)
                .map_err(|error| corrupt("domain_log", &error))?,
            contributions: row.contributions.unsigned_abs(),
            weakness: row.weakness.as_deref().map(weakness).transpose()?,
        },
        zkey: file(&row.zkey, row.zkey_bytes)?,
        wasm: part(row.wasm, row.wasm_bytes)?,
        r1cs: part(row.r1cs, row.r1cs_bytes)?,
        sym: part(row.sym, row.sym_bytes)?,
    })
}

fn weakness(name: &str) -> Result<Weakness, StoreError> {
    let known = Weakness::ALL.into_iter().find(|weakness| weakness.name() == name);
    known.ok_or_else(|| corrupt("weakness", &name))
}
